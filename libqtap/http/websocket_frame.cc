// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_frame.h"

namespace qtap::http {
namespace {

constexpr uint64_t kMaxShortLength = 125;  // RFC 6455, 5.2
constexpr uint64_t kMaxMiddleLength = 0xffff;
constexpr uint8_t kMaskBytes = 4;

bool is_known(uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa);
}

}  // namespace

const char* websocket_fault_name(WebSocketFault fault) {
  switch (fault) {
    case WebSocketFault::kReservedBits:
      return "reserved_bits";
    case WebSocketFault::kOpcode:
      return "opcode";
    case WebSocketFault::kMask:
      return "mask";
    case WebSocketFault::kFragmentedControl:
      return "fragmented_control";
    case WebSocketFault::kLongControl:
      return "long_control";
    case WebSocketFault::kLength:
      return "length";
    case WebSocketFault::kStrayContinuation:
      return "stray_continuation";
    case WebSocketFault::kInterleaved:
      return "interleaved";
    case WebSocketFault::kAfterClose:
      return "after_close";
    case WebSocketFault::kGap:
      return "gap";
    case WebSocketFault::kCutFrame:
      return "cut_frame";
    case WebSocketFault::kCutMessage:
      return "cut_message";
  }
  return "";
}

std::optional<WebSocketFault> WebSocketHead::add(uint8_t c) {
  const size_t place = size_++;
  if (place == 0) return add_first(c);
  if (place == 1) return add_second(c);
  if (place < 2u + length_size_) return add_length(c);
  frame_.mask[place - 2u - length_size_] = c;
  return std::nullopt;
}

std::optional<WebSocketFault> WebSocketHead::add_first(uint8_t c) {
  frame_ = {};
  frame_.is_final = (c & 0x80) != 0;
  frame_.rsv1 = (c & 0x40) != 0;
  frame_.opcode = static_cast<WebSocketOpcode>(c & 0x0f);
  if ((c & 0x30) != 0) return WebSocketFault::kReservedBits;
  if (!is_known(c & 0x0f)) return WebSocketFault::kOpcode;
  if (frame_.is_control() && !frame_.is_final) return WebSocketFault::kFragmentedControl;
  // RFC 7692, 6: only the first frame of a message has the bit.
  const bool may_have_rsv1 =
      !frame_.is_control() && frame_.opcode != WebSocketOpcode::kContinuation;
  if (frame_.rsv1 && !may_have_rsv1) return WebSocketFault::kReservedBits;
  return std::nullopt;
}

std::optional<WebSocketFault> WebSocketHead::add_second(uint8_t c) {
  frame_.is_masked = (c & 0x80) != 0;
  const uint8_t length = c & 0x7f;
  length_size_ = length == 127 ? 8 : length == 126 ? 2 : 0;
  needed_ = static_cast<uint8_t>(2 + length_size_ + (frame_.is_masked ? kMaskBytes : 0));
  if (length_size_ == 0) frame_.length = length;
  if (frame_.is_masked != (masking_ == Masking::kClient)) return WebSocketFault::kMask;
  if (frame_.is_control() && length > kMaxShortLength) return WebSocketFault::kLongControl;
  return std::nullopt;
}

std::optional<WebSocketFault> WebSocketHead::add_length(uint8_t c) {
  frame_.length = frame_.length << 8 | c;
  if (size_ != 2 + length_size_) return std::nullopt;
  const uint64_t shorter = length_size_ == 2 ? kMaxShortLength : kMaxMiddleLength;
  const bool is_wrong = frame_.length <= shorter || frame_.length >> 63 != 0;
  return is_wrong ? std::optional(WebSocketFault::kLength) : std::nullopt;
}

}  // namespace qtap::http
