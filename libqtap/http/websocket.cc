// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace qtap::http {
namespace {

constexpr size_t kUnmaskBytes = 4u << 10;  // in one go; on the stack; whole masks

// RFC 6455, 7.4 and the IANA registry of close codes: 1004 is reserved, 1005, 1006 and 1015 stand
// for what was never sent, 3000 to 4999 are libraries' and applications'.
bool may_be_sent(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

// RFC 6455, 5.3. `offset` of the bytes in the payload.
void unmask(char* out, std::string_view bytes, const uint8_t* mask, uint64_t offset) {
  char turned[8];
  for (size_t i = 0; i < sizeof turned; ++i) turned[i] = static_cast<char>(mask[(offset + i) % 4]);
  uint64_t words_mask = 0;
  std::memcpy(&words_mask, turned, sizeof words_mask);
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    word ^= words_mask;
    std::memcpy(out + at, &word, sizeof word);
  }
  for (; at < bytes.size(); ++at) out[at] = static_cast<char>(bytes[at] ^ turned[at % 8]);
}

}  // namespace

WebSocketSide::WebSocketSide(Masking masking, const std::optional<WebSocketDeflate>& deflate,
                             const WebSocketLimits& limits, Events& events)
    : limits_(limits), events_(events), head_(masking) {
  WebSocketInflate::Output& output = *this;
  if (deflate) inflate_.emplace(*deflate, limits_.inflate, output);
}

void WebSocketSide::data(int64_t time_ns, std::string_view bytes) {
  now_ns_ = time_ns;
  while (!bytes.empty()) {
    size_t used = 1;
    if (state_ == State::kHead) {
      add_head(static_cast<uint8_t>(bytes.front()));
    } else if (state_ == State::kPayload) {
      used = static_cast<size_t>(std::min<uint64_t>(bytes.size(), payload_left()));
      add_payload(bytes.substr(0, used));
    } else {
      if (state_ == State::kClosed) lose(WebSocketFault::kAfterClose, position_);
      used = bytes.size();
      counters_.unframed_bytes += used;
    }
    bytes.remove_prefix(used);
    position_ += used;
  }
}

void WebSocketSide::gap(int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  now_ns_ = time_ns;
  if (len != kUnknownLength) counters_.missing_bytes += len;
  if (state_ == State::kPayload && len != kUnknownLength) {
    const uint64_t inside = std::min(len, payload_left());
    skip_payload(inside);
    position_ += inside;
    len -= inside;
    if (len == 0) return;
  }
  lose(WebSocketFault::kGap, position_);
  if (len != kUnknownLength) position_ += len;
}

// The last byte tells when the frame was complete.
uint64_t WebSocketSide::unwanted() const {
  const bool is_needed =
      head_.frame().is_control() || message_.decoding == WebSocketDecoding::kInflated;
  return state_ != State::kPayload || is_needed ? 0 : payload_left() - 1;
}

void WebSocketSide::skipped(int64_t time_ns, uint64_t len) {
  const uint64_t inside = std::min(len, unwanted());
  if (inside > 0) {
    now_ns_ = message_.last_ns = time_ns;
    checks_text_ = false;
    position_ += inside;
    frame_offset_ += inside;
    message_.wire_bytes += inside;
    if (!is_compressed()) message_.decoded_bytes += inside;
  }
  gap(time_ns, len - inside);
}

void WebSocketSide::close() {
  if (state_ == State::kPayload || head_.size() > 0) {
    lose(WebSocketFault::kCutFrame, position_);
  } else if (in_message_) {
    lose(WebSocketFault::kCutMessage, position_);
  }
}

void WebSocketSide::add_head(uint8_t c) {
  if (head_.size() == 0) {
    frame_position_ = position_;
    frame_ns_ = now_ns_;
  }
  std::optional<WebSocketFault> fault = head_.add(c);
  if (!fault && head_.size() == 1) fault = check_order();
  if (fault) {
    lose(*fault, frame_position_);
  } else if (head_.is_whole()) {
    begin_frame();
  }
}

// What the first byte must not be at this place.
std::optional<WebSocketFault> WebSocketSide::check_order() const {
  const WebSocketFrame& frame = head_.frame();
  if (frame.rsv1 && !inflate_) return WebSocketFault::kReservedBits;
  if (frame.is_control()) return std::nullopt;
  const bool continues = frame.opcode == WebSocketOpcode::kContinuation;
  if (continues && !in_message_) return WebSocketFault::kStrayContinuation;
  if (!continues && in_message_) return WebSocketFault::kInterleaved;
  return std::nullopt;
}

void WebSocketSide::begin_frame() {
  const WebSocketFrame& frame = head_.frame();
  frame_offset_ = 0;
  state_ = State::kPayload;
  if (frame.is_control()) {
    control_ = {};
    control_.opcode = frame.opcode;
    control_.first_ns = frame_ns_;
    control_bytes_.clear();
  } else {
    if (!in_message_) begin_message(frame);
    ++message_.fragments;
    message_.head_bytes += head_.size();
  }
  last_ns() = now_ns_;
  if (frame.length == 0) end_frame();
}

void WebSocketSide::begin_message(const WebSocketFrame& frame) {
  in_message_ = true;
  message_ = {};
  message_.index = counters_.messages++;
  message_.opcode = frame.opcode;
  message_.first_ns = frame_ns_;
  utf8_ = {};
  checks_text_ = true;
  if (frame.rsv1) {
    inflate_->begin();
    message_.decoding = inflate_->decoding();
  }
  events_.on_message_begin(message_);
}

void WebSocketSide::add_payload(std::string_view bytes) {
  last_ns() = now_ns_;
  const WebSocketFrame& frame = head_.frame();
  if (!frame.is_masked) {
    take_payload(bytes);
    frame_offset_ += bytes.size();
  }
  char plain[kUnmaskBytes];
  while (frame.is_masked && !bytes.empty()) {
    const size_t len = std::min(bytes.size(), sizeof plain);
    unmask(plain, bytes.substr(0, len), frame.mask, frame_offset_);
    take_payload({plain, len});
    frame_offset_ += len;
    bytes.remove_prefix(len);
  }
  if (payload_left() == 0) end_frame();
}

void WebSocketSide::take_payload(std::string_view plain) {
  if (head_.frame().is_control()) {
    control_bytes_.append(plain);
    return;
  }
  message_.wire_bytes += plain.size();
  if (is_compressed()) {
    inflate_->add(plain);
    message_.decoding = inflate_->decoding();
  } else {
    tell(plain);
  }
}

void WebSocketSide::skip_payload(uint64_t len) {
  last_ns() = now_ns_;
  frame_offset_ += len;
  if (head_.frame().is_control()) {
    control_.missing_bytes += len;
  } else {
    message_.wire_bytes += len;
    message_.missing_bytes += len;
    if (is_compressed()) {
      inflate_->lose();
      message_.decoding = inflate_->decoding();
    } else {
      message_.decoded_bytes += len;
    }
  }
  if (payload_left() == 0) end_frame();
}

void WebSocketSide::tell(std::string_view bytes) {
  const uint64_t offset = message_.decoded_bytes;
  message_.decoded_bytes += bytes.size();
  // Behind a gap a character may begin anywhere.
  const bool is_text = message_.opcode == WebSocketOpcode::kText && checks_text_;
  if (is_text && message_.missing_bytes == 0) {
    message_.is_bad_text = !utf8_.add(bytes);
  }
  const uint64_t room = limits_.payload_bytes - std::min(offset, limits_.payload_bytes);
  if (bytes.size() > room) {
    message_.over_limit = true;
    bytes = bytes.substr(0, static_cast<size_t>(room));
  }
  if (!bytes.empty()) events_.on_payload(message_, offset, bytes);
}

void WebSocketSide::end_frame() {
  const bool is_control = head_.frame().is_control();
  const bool is_final = head_.frame().is_final;
  const bool is_close = head_.frame().opcode == WebSocketOpcode::kClose;
  head_.clear();
  state_ = is_close ? State::kClosed : State::kHead;
  if (is_control) {
    end_control();
    if (is_close && in_message_) end_message();  // nothing can continue it
  } else if (is_final) {
    message_.is_complete = true;
    end_message();
  }
}

void WebSocketSide::end_message() {
  in_message_ = false;
  if (is_compressed()) {
    if (message_.is_complete) {
      inflate_->end();
    } else {
      inflate_->abandon();
    }
    message_.decoding = inflate_->decoding();
  }
  const WebSocketDecoding decoding = message_.decoding;
  const bool is_whole =
      message_.is_complete && message_.missing_bytes == 0 &&
      (decoding == WebSocketDecoding::kPlain || decoding == WebSocketDecoding::kInflated);
  const bool is_text = message_.opcode == WebSocketOpcode::kText && checks_text_;
  if (is_text && is_whole && !utf8_.is_whole()) {
    message_.is_bad_text = true;
  }
  if (decoding == WebSocketDecoding::kLimit) message_.over_limit = true;
  if (message_.over_limit) ++counters_.limits;
  if (message_.is_bad_text || decoding == WebSocketDecoding::kBroken) ++counters_.bad_payloads;
  if (decoding == WebSocketDecoding::kGap || decoding == WebSocketDecoding::kNoContext) {
    ++counters_.not_decodable;
  }
  events_.on_message_end(message_);
}

void WebSocketSide::end_control() {
  ++counters_.control_frames;
  control_.payload = control_bytes_;
  if (control_.opcode == WebSocketOpcode::kClose) read_close();
  if (control_.is_bad_close) ++counters_.bad_payloads;
  events_.on_control(control_);
}

// RFC 6455, 5.5.1. Of a payload with a gap it is not known what stands where: no code, no reason.
void WebSocketSide::read_close() {
  const std::string_view payload = control_.payload;
  if (control_.missing_bytes > 0 || payload.empty()) return;
  if (payload.size() == 1) {
    control_.is_bad_close = true;
    return;
  }
  control_.close_code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                              static_cast<uint8_t>(payload[1]));
  control_.reason = payload.substr(2);
  control_.is_bad_close = !may_be_sent(*control_.close_code) || !is_utf8(control_.reason);
}

void WebSocketSide::lose(WebSocketFault fault, uint64_t position) {
  if (state_ == State::kLost) return;
  state_ = State::kLost;
  head_.clear();
  if (in_message_) end_message();
  ++counters_.faults;
  events_.on_fault(fault, position);
}

}  // namespace qtap::http
