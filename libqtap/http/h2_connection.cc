// SPDX-License-Identifier: Apache-2.0
// Bytes and frames; DATA. Field blocks are in h2_blocks.cc, the rest in h2_control.cc.
#include "http/h2_connection.h"

#include <utility>

namespace qtap::http {

H2Connection::H2Connection(Start start, const H2Limits& limits, H2Events& events)
    : limits_(limits),
      events_(events),
      sides_{{{0, *this}, {1, *this}}},
      decoders_{{HpackDecoder(start == Start::kFresh), HpackDecoder(start == Start::kFresh)}} {
  complete_ = {start == Start::kFresh, start == Start::kFresh};
  if (start == Start::kFresh) return;
  for (H2Side& side : sides_) side.start_late();
  for (H2Settings& settings : settings_) settings.lose();
}

void H2Connection::data(unsigned direction, int64_t time_ns, std::string_view bytes) {
  sides_[direction].data(time_ns, bytes);
}

void H2Connection::gap(unsigned direction, int64_t time_ns, uint64_t len) {
  now_ns_ = time_ns;
  sides_[direction].gap(time_ns, len);
}

void H2Connection::skipped(unsigned direction, int64_t time_ns, uint64_t len) {
  now_ns_ = time_ns;
  const uint64_t passed = sides_[direction].pass_data(time_ns, len);
  if (passed < len) gap(direction, time_ns, len - passed);
}

void H2Connection::learn_client(unsigned direction) {
  if (client_ >= 0) return;
  client_ = static_cast<int>(direction);
  events_.on_client(direction);
}

// RFC 9113, 3.4.
void H2Connection::on_start(H2Side& side, bool has_preface) {
  learn_client(has_preface ? side.index() : 1 - side.index());
  if (is_client(side) != has_preface) fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
}

// RFC 9113, 3.4, 4.3 and 6.10.
H2Verdict H2Connection::check_order(const H2Side& side) const {
  const H2FrameHeader& frame = side.frame();
  const Block& block = blocks_[side.index()];
  const bool is_continuation = frame.is(H2Type::kContinuation);
  const bool is_due = block.stream != 0 && frame.stream == block.stream;
  if (block.stream != 0 ? !(is_continuation && is_due) : is_continuation) {
    return H2Verdict::connection(H2Error::kProtocol);
  }
  const bool is_first = side.frames() == 1 && complete_[side.index()];
  if (is_first && (!frame.is(H2Type::kSettings) || frame.has(kH2Ack))) {
    return H2Verdict::connection(H2Error::kProtocol);
  }
  return {};
}

H2Side::Want H2Connection::on_header(H2Side& side) {
  const H2FrameHeader& frame = side.frame();
  begin_ns_ = side.frame_ns();
  now_ns_ = side.now_ns();
  data_stream_[side.index()] = nullptr;
  H2Verdict verdict = check_order(side);
  if (verdict.fine()) verdict = check_h2_header(frame, settings_[1 - side.index()].max_frame());
  if (!verdict.fine()) {
    fail(side, verdict, frame.stream);
    return H2Side::Want::kNothing;
  }
  if (frame.is(H2Type::kData)) return begin_data(side);
  const bool matters = frame.has_fields() || frame.is(H2Type::kSettings) ||
                       frame.is(H2Type::kRstStream) || frame.is(H2Type::kGoaway) ||
                       frame.is(H2Type::kWindowUpdate);
  return matters ? H2Side::Want::kPayload : H2Side::Want::kNothing;
}

void H2Connection::on_payload(H2Side& side, std::string_view payload) {
  now_ns_ = side.now_ns();
  switch (static_cast<H2Type>(side.frame().type)) {
    case H2Type::kHeaders:
    case H2Type::kPushPromise:
      return begin_block(side, payload);
    case H2Type::kContinuation:
      return add_block(side, payload);
    case H2Type::kSettings:
      return on_settings(side, payload);
    case H2Type::kRstStream:
      return on_reset(
          side, static_cast<H2Error>(read_u32(reinterpret_cast<const uint8_t*>(payload.data()))));
    case H2Type::kGoaway:
      return on_goaway(side, payload);
    case H2Type::kWindowUpdate:
      return on_window_update(side, payload);
    default:
      return;
  }
}

// ---- DATA
// ----------------------------------------------------------------------------------------

H2Side::Want H2Connection::begin_data(H2Side& side) {
  if (client_ < 0) return H2Side::Want::kNothing;
  H2Stream* stream = find(side.frame().stream);
  if (!stream) {
    on_unknown_stream(side);
    return H2Side::Want::kNothing;
  }
  const uint32_t id = stream->id;
  H2Half& half = stream->half(part_of(side));
  if (half.ended || (stream->is_pushed && is_client(side))) {
    fail(side, H2Verdict::stream(H2Error::kStreamClosed), id);
    return H2Side::Want::kNothing;
  }
  if (!half.has_head && !half.may_lack_head) {  // RFC 9113, 8.1
    fail(side, H2Verdict::stream(H2Error::kProtocol), id);
    return H2Side::Want::kNothing;
  }
  if (!half.has_head && !half.lost) {
    half.lost = true;
    events_.on_lost(*stream, part_of(side));
  }
  half.wire_bytes += kH2HeaderBytes;
  data_stream_[side.index()] = stream;
  data_bytes_[side.index()] = 0;
  return H2Side::Want::kPayload;
}

void H2Connection::on_padding(H2Side& side, bool fits) {
  now_ns_ = side.now_ns();
  if (!fits) fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
}

void H2Connection::on_data(H2Side& side, std::string_view bytes) {
  now_ns_ = side.now_ns();
  H2Stream* stream = data_stream_[side.index()];
  if (!stream) return;
  H2Half& half = stream->half(part_of(side));
  events_.on_body(*stream, part_of(side), bytes);
  half.body_bytes += bytes.size();
  half.wire_bytes += bytes.size();
  data_bytes_[side.index()] += static_cast<uint32_t>(bytes.size());
}

void H2Connection::on_data_missing(H2Side& side, uint64_t len) {
  now_ns_ = side.now_ns();
  H2Stream* stream = data_stream_[side.index()];
  if (!stream) return;
  const H2Part part = part_of(side);
  if (len == UINT64_MAX) return lose_part(*stream, part);
  H2Half& half = stream->half(part);
  events_.on_body_missing(*stream, part, len);
  half.body_bytes += len;
  half.wire_bytes += len;
  data_bytes_[side.index()] += static_cast<uint32_t>(len);
}

void H2Connection::on_data_end(H2Side& side) {
  now_ns_ = side.now_ns();
  H2Stream* stream = std::exchange(data_stream_[side.index()], nullptr);
  if (!stream) return;
  const H2Part part = part_of(side);
  H2Half& half = stream->half(part);
  half.wire_bytes += side.frame().length - data_bytes_[side.index()];
  const bool is_too_long = half.content_length && half.body_bytes > *half.content_length;
  if (is_too_long && !half.lost) {  // RFC 9113, 8.1.1
    return fail(side, H2Verdict::stream(H2Error::kProtocol), stream->id);
  }
  if (side.frame().has(kH2EndStream)) end_part(*stream, part);
}

}  // namespace qtap::http
