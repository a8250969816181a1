// SPDX-License-Identifier: Apache-2.0
// Field blocks (RFC 9113, 4.3), and which head of which message each is (RFC 9113, 8.1).
#include <algorithm>
#include <utility>

#include "http/h2_connection.h"

namespace qtap::http {
namespace {

// NGHTTP2_DEFAULT_MAX_CONTINUATIONS of nghttp2 1.61 (CVE-2024-28182). Beyond, the peers may differ.
constexpr int kMaxContinuations = 8;

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

bool is_interim(const H2Head& head) {
  return head.status && *head.status / 100 == 1;
}

// RFC 9110, 6.4.1: content-length tells of a body that does not come.
bool has_no_body(const H2Stream& stream, const H2Head& head) {
  return stream.is_head || head.status == 204 || head.status == 304;
}

}  // namespace

void H2Connection::begin_block(H2Side& side, std::string_view payload) {
  const H2FrameHeader& frame = side.frame();
  const std::string_view fragment = h2_field_block(frame, payload);
  if (fragment.data() == nullptr) {
    return fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
  }
  Block& block = blocks_[side.index()];
  block.stream = frame.stream;
  block.promised = 0;
  block.ends_stream = frame.is(H2Type::kHeaders) && frame.has(kH2EndStream);
  block.dropped = false;
  block.continuations = 0;
  block.wire_bytes = 0;
  block.begin_ns = side.frame_ns();
  if (frame.is(H2Type::kPushPromise)) {
    const size_t at = frame.has(kH2Padded) ? 1 : 0;
    block.promised = read_u32(bytes_of(payload.substr(at))) & 0x7fffffffu;
  }
  HpackDecoder& decoder = decoders_[side.index()];
  block.reader.begin(decoder.exact(), limits_.header_bytes);
  add_block(side, fragment);
}

void H2Connection::add_block(H2Side& side, std::string_view fragment) {
  const H2FrameHeader& frame = side.frame();
  Block& block = blocks_[side.index()];
  block.wire_bytes += kH2HeaderBytes + frame.length;
  if (frame.is(H2Type::kContinuation) && ++block.continuations == kMaxContinuations + 1) {
    events_.on_limit();
  }
  const bool is_last = frame.has(kH2EndHeaders);
  if (block.dropped) {
    if (is_last) end_dropped_block(side);
    return;
  }
  HpackDecoder& decoder = decoders_[side.index()];
  if (!decoder.add({bytes_of(fragment), fragment.size()}, is_last, block.reader)) {
    return fail(side, H2Verdict::connection(H2Error::kCompression), 0);
  }
  if (is_last) end_block(side);
}

void H2Connection::end_block(H2Side& side) {
  Block& block = blocks_[side.index()];
  begin_ns_ = block.begin_ns;
  H2Head& head = block.reader.head();
  unknown_fields_ += head.unknown_fields;
  if (head.over_limit) events_.on_limit();
  take_head(side, head);
  block.stream = 0;
}

// A gap took a part of it.
void H2Connection::end_dropped_block(H2Side& side) {
  const Block& block = blocks_[side.index()];
  const uint32_t id = std::exchange(blocks_[side.index()].stream, 0);
  if (block.promised != 0 || client_ < 0) return;
  if (is_client(side)) last_request_ = std::max(last_request_, id);
  H2Stream* stream = find(id);
  if (!stream) return;
  lose_part(*stream, part_of(side));
  stream = find(id);
  if (stream && block.ends_stream) end_part(*stream, part_of(side));
}

bool H2Connection::learn_client_from(H2Side& side, const H2Head& head) {
  if (client_ >= 0) return true;
  const bool is_answer = head.has(kH2Status) || blocks_[side.index()].promised != 0;
  if (is_answer) {
    learn_client(1 - side.index());
  } else if ((head.pseudo & kH2RequestPseudo) != 0) {
    learn_client(side.index());
  }
  return client_ >= 0;
}

void H2Connection::take_head(H2Side& side, H2Head& head) {
  const Block& block = blocks_[side.index()];
  if (!learn_client_from(side, head)) return;
  if (block.promised != 0) return take_promise(side, head);
  const uint32_t id = block.stream;
  H2Stream* stream = find(id);
  if (!stream && is_client(side) && id > last_request_) {
    take_request(side, head);
  } else if (!stream) {
    on_unknown_stream(side);
  } else if (stream->half(part_of(side)).ended || (stream->is_pushed && is_client(side))) {
    return fail(side, H2Verdict::stream(H2Error::kStreamClosed), id);
  } else if (is_client(side)) {
    take_trailers(side, *stream, H2Part::kRequest, head);
  } else {
    take_answer(side, *stream, head);
  }
  stream = find(id);
  if (stream && block.ends_stream) end_part(*stream, part_of(side));
}

void H2Connection::take_request(H2Side& side, H2Head& head) {
  const Block& block = blocks_[side.index()];
  const uint32_t id = block.stream;
  if (id % 2 == 0) {  // RFC 9113, 5.1.1
    return fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
  }
  last_request_ = id;
  // Trailers of a stream that is older than what was seen, or nobody knows what.
  if ((head.pseudo & kH2RequestPseudo) == 0 && !complete_[side.index()]) return;
  const bool is_sound = is_sound_h2_request(head);
  H2Stream& stream = open(id);
  stream.is_head = head.method == "HEAD";
  stream.request.has_head = true;
  stream.request.content_length = head.content_length;
  stream.request.wire_bytes = block.wire_bytes;
  stream.response.may_lack_head = other(side).searching();
  events_.on_request(stream, std::move(head));
  if (!is_sound) fail(side, H2Verdict::stream(H2Error::kProtocol), id);
}

// RFC 9113, 8.4.
void H2Connection::take_promise(H2Side& side, H2Head& head) {
  const Block& block = blocks_[side.index()];
  const uint32_t id = block.promised;
  const bool is_new = id % 2 == 0 && id > last_promise_;
  if (is_client(side) || !is_new) {
    return fail(side, H2Verdict::connection(H2Error::kProtocol), 0);
  }
  last_promise_ = id;
  const bool is_sound = is_sound_h2_request(head);
  H2Stream& stream = open(id);
  stream.is_pushed = true;
  stream.is_head = head.method == "HEAD";
  stream.request.has_head = true;
  stream.request.wire_bytes = block.wire_bytes;
  events_.on_request(stream, std::move(head));
  if (!is_sound) return fail(side, H2Verdict::stream(H2Error::kProtocol), id);
  end_part(stream, H2Part::kRequest);
}

void H2Connection::take_answer(H2Side& side, H2Stream& stream, H2Head& head) {
  const H2Half& half = stream.response;
  const bool has_pseudo = head.pseudo != 0;
  // After a loss it may be the trailers of an answer whose head is gone.
  const bool is_behind = !half.has_head && half.may_lack_head && !has_pseudo &&
                         (head.unknown_fields == 0 || half.lost);
  // What came before and did not say which it was, was an interim answer.
  const bool replaces = half.status_unknown && half.body_bytes == 0 && !half.lost &&
                        (has_pseudo || !blocks_[side.index()].ends_stream);
  if ((!half.has_head && !is_behind) || replaces) return take_response(side, stream, head);
  take_trailers(side, stream, H2Part::kResponse, head);
}

void H2Connection::take_response(H2Side& side, H2Stream& stream, H2Head& head) {
  const Block& block = blocks_[side.index()];
  H2Half& half = stream.response;
  const bool is_sound = is_sound_h2_response(head) && !(is_interim(head) && block.ends_stream);
  half.wire_bytes += block.wire_bytes;
  half.may_lack_head = false;
  if (!is_interim(head)) {
    half.has_head = true;
    half.status_unknown = !head.status;
    if (!has_no_body(stream, head)) half.content_length = head.content_length;
  }
  events_.on_response(stream, std::move(head));
  if (!is_sound) fail(side, H2Verdict::stream(H2Error::kProtocol), stream.id);
}

void H2Connection::take_trailers(H2Side& side, H2Stream& stream, H2Part part, H2Head& head) {
  const Block& block = blocks_[side.index()];
  H2Half& half = stream.half(part);
  const bool is_sound = is_sound_h2_trailers(head) && block.ends_stream;
  half.wire_bytes += block.wire_bytes;
  if (!half.has_head && !half.lost) {
    half.lost = true;
    events_.on_lost(stream, part);
  }
  events_.on_trailers(stream, part, std::move(head));
  if (!is_sound) fail(side, H2Verdict::stream(H2Error::kProtocol), stream.id);
}

}  // namespace qtap::http
