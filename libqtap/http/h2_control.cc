// SPDX-License-Identifier: Apache-2.0
// Streams come and go; settings, resets, errors and losses.
#include <algorithm>

#include "http/h2_connection.h"

namespace qtap::http {
namespace {

// Streams that were reset and whose frames may still be on their way; far more than a peer has open
// (NGHTTP2 and browsers: 100 to 250).
constexpr size_t kMaxReset = 256;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

}  // namespace

H2Stream& H2Connection::upgrade(unsigned client, std::string_view settings, bool is_head) {
  learn_client(client);
  // RFC 7540, 3.2.1: as if it were a SETTINGS frame, acknowledged by the 101.
  if (settings_[client].read(settings, /*from_server=*/false).fine()) {
    const auto sizes = settings_[client].acknowledge();
    if (sizes) decoders_[1 - client].set_max_table(sizes->least);
    if (sizes) decoders_[1 - client].set_max_table(sizes->last);
  }
  last_request_ = 1;
  H2Stream& stream = open(1);
  stream.is_head = is_head;
  stream.request.has_head = stream.request.ended = true;
  return stream;
}

H2Stream& H2Connection::open(uint32_t id) {
  if (!streams_.empty() && streams_.size() >= limits_.streams) {
    events_.on_limit();
    end_stream(streams_.oldest(), H2Ending::kDropped, H2Error::kNone);
  }
  return streams_.open(id);
}

void H2Connection::end_part(H2Stream& stream, H2Part part) {
  H2Half& half = stream.half(part);
  if (half.ended) return;
  if (!half.has_head && !half.lost) {  // it has an end, and a head that is gone
    half.lost = true;
    events_.on_lost(stream, part);
  }
  const bool differs = half.content_length && half.body_bytes != *half.content_length;
  if (differs && !half.lost) {  // RFC 9113, 8.1.1
    const H2Side& side = sides_[direction_of(stream, part)];
    events_.on_error(side.index(), side.frame_offset(), H2Verdict::stream(H2Error::kProtocol),
                     stream.id);
    return end_stream(stream, H2Ending::kError, H2Error::kProtocol);
  }
  half.ended = true;
  events_.on_part_end(stream, part);
  const bool asked = stream.request.ended || stream.request.lost;
  if (asked && stream.response.ended) end_stream(stream, H2Ending::kDone, H2Error::kNone);
}

void H2Connection::end_stream(H2Stream& stream, H2Ending ending, H2Error code) {
  events_.on_stream_end(stream, ending, code);
  for (H2Stream*& at : data_stream_) {
    if (at == &stream) at = nullptr;
  }
  const uint32_t id = stream.id;
  if (ending != H2Ending::kDone) {
    if (reset_.size() < kMaxReset) {
      reset_.push_back(id);
    } else {
      reset_[reset_at_++ % kMaxReset] = id;
    }
  }
  streams_.close(id);
}

bool H2Connection::was_reset(uint32_t stream) const {
  return std::find(reset_.begin(), reset_.end(), stream) != reset_.end();
}

// HEADERS or DATA of a stream that is not open: RFC 9113, 5.1. Where something was missed, nothing
// is held against it: it may be older.
void H2Connection::on_unknown_stream(H2Side& side) {
  const uint32_t id = side.frame().stream;
  if (!complete() || was_reset(id)) return;
  const bool is_idle = id % 2 == 1 ? id > last_request_ : id > last_promise_;
  if (is_idle && is_client(side)) {
    return fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
  }
  // An answer that is seen before its request may have been captured in that order.
  events_.on_error(side.index(), side.frame_offset(),
                   H2Verdict::stream(is_idle ? H2Error::kProtocol : H2Error::kStreamClosed), id);
}

void H2Connection::on_settings(H2Side& side, std::string_view payload) {
  if (side.frame().has(kH2Ack)) {
    const auto sizes = settings_[1 - side.index()].acknowledge();
    if (!sizes) return;
    decoders_[side.index()].set_max_table(sizes->least);
    decoders_[side.index()].set_max_table(sizes->last);
    return;
  }
  H2Settings& settings = settings_[side.index()];
  const H2Verdict verdict = settings.read(payload, client_ >= 0 && !is_client(side));
  if (settings.over_limit()) events_.on_limit();
  if (!verdict.fine()) fail(side, verdict, 0);
}

void H2Connection::on_reset(H2Side& side, H2Error code) {
  const uint32_t id = side.frame().stream;
  if (H2Stream* stream = find(id)) return end_stream(*stream, H2Ending::kReset, code);
  const bool is_idle = id % 2 == 1 && id > last_request_;
  if (is_idle && complete() && is_client(side)) {  // RFC 9113, 6.4
    fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
  }
}

// RFC 9113, 6.8: what the other peer began after that stream is not answered.
void H2Connection::on_goaway(H2Side& side, std::string_view payload) {
  const uint32_t last = read_u32(bytes_of(payload)) & 0x7fffffffu;
  events_.on_goaway(side.index(), last, static_cast<H2Error>(read_u32(bytes_of(payload) + 4)));
  if (client_ < 0) return;
  const bool ends_pushed = is_client(side);
  streams_.for_each_above(last, [&](H2Stream& stream) {
    if (stream.is_pushed == ends_pushed) {
      end_stream(stream, H2Ending::kReset, H2Error::kRefusedStream);
    }
  });
}

// RFC 9113, 6.9. How far the windows are open is the peers' business.
void H2Connection::on_window_update(H2Side& side, std::string_view payload) {
  const uint32_t id = side.frame().stream;
  if ((read_u32(bytes_of(payload)) & 0x7fffffffu) != 0) return;
  fail(side,
       id == 0 ? H2Verdict::connection(H2Error::kProtocol) : H2Verdict::stream(H2Error::kProtocol),
       id);
}

// ---- losses and errors
// ----------------------------------------------------------------------------

void H2Connection::lose_part(H2Stream& stream, H2Part part) {
  H2Half& half = stream.half(part);
  if (half.ended) return;
  (half.has_head ? half.lost : half.may_lack_head) = true;
  events_.on_lost(stream, part);
  if (part == H2Part::kRequest && stream.response.ended) {
    end_stream(stream, H2Ending::kDone, H2Error::kNone);
  }
}

void H2Connection::lose_parts(const H2Side& side) {
  if (client_ < 0) return;
  streams_.for_each([&](H2Stream& stream) {
    if (!stream.is_pushed || !is_client(side)) lose_part(stream, part_of(side));
  });
}

void H2Connection::on_loss(H2Side& side) {
  const unsigned i = side.index();
  complete_[i] = false;
  decoders_[i].lose();
  blocks_[i].stream = 0;
  data_stream_[i] = nullptr;
  settings_[i].lose();
  decoders_[1 - i].set_max_table(UINT32_MAX);
  lose_parts(side);
  if (!side.searching()) other(side).relax();
}

// A gap took (a part of) one frame, and the next one is known to begin behind it.
void H2Connection::on_payload_lost(H2Side& side) {
  const unsigned i = side.index();
  const H2FrameHeader& frame = side.frame();
  now_ns_ = side.now_ns();
  complete_[i] = false;
  if (frame.is(H2Type::kSettings)) {
    settings_[i].lose();
    decoders_[1 - i].set_max_table(UINT32_MAX);
  } else if (frame.is(H2Type::kRstStream)) {
    on_reset(side, H2Error::kNone);
  } else if (frame.has_fields()) {
    decoders_[i].lose();
    Block& block = blocks_[i];
    if (!frame.is(H2Type::kContinuation)) {
      block.stream = frame.stream;
      block.ends_stream = frame.is(H2Type::kHeaders) && frame.has(kH2EndStream);
      // Which stream is promised is gone with it.
      block.promised = frame.is(H2Type::kPushPromise) ? UINT32_MAX : 0;
    }
    block.dropped = true;
    if (frame.has(kH2EndHeaders)) end_dropped_block(side);
  }
}

void H2Connection::fail(H2Side& side, H2Verdict verdict, uint32_t stream) {
  events_.on_error(side.index(), side.frame_offset(), verdict, stream);
  if (verdict.scope == H2Verdict::Scope::kStream) {
    if (H2Stream* failed = find(stream)) end_stream(*failed, H2Ending::kError, verdict.error);
    return;
  }
  side.fail();
  on_loss(side);
}

}  // namespace qtap::http
