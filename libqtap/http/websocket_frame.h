// SPDX-License-Identifier: Apache-2.0
// The head of one WebSocket frame (RFC 6455, 5.2), byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace qtap::http {

enum class WebSocketOpcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

// Why framing ended.
enum class WebSocketFault : uint8_t {
  kReservedBits,       // RSV without an extension that gives it a meaning
  kOpcode,             // reserved
  kMask,               // a client must mask, a server must not (5.1)
  kFragmentedControl,  // 5.5
  kLongControl,        // 5.5: more than 125 bytes
  kLength,             // not the shortest form, or the highest bit set (5.2)
  kStrayContinuation,  // 5.4: there is no message to continue
  kInterleaved,        // 5.4: a message begins inside another
  kAfterClose,         // 5.5.1: bytes behind a close frame
  kGap,                // over a boundary: what follows cannot be framed
  kCutFrame,           // the stream ends inside a frame
  kCutMessage,         // or between two fragments
};
const char* websocket_fault_name(WebSocketFault fault);  // "reserved_bits"

struct WebSocketFrame {
  bool is_final = false;
  bool rsv1 = false;
  bool is_masked = false;
  WebSocketOpcode opcode = WebSocketOpcode::kContinuation;
  uint8_t mask[4] = {};
  uint64_t length = 0;  // of the payload

  bool is_control() const { return static_cast<uint8_t>(opcode) >= 8; }
};

class WebSocketHead {
 public:
  enum class Masking : uint8_t { kClient, kServer };
  explicit WebSocketHead(Masking masking) : masking_(masking) {}

  // Takes the next byte of a head. A fault is told with the first byte that proves it.
  std::optional<WebSocketFault> add(uint8_t c);
  bool is_whole() const { return size_ >= 2 && size_ == needed_; }
  size_t size() const { return size_; }
  void clear() { size_ = needed_ = 0; }
  // After the second byte all but length and mask is known; when is_whole(), these too.
  const WebSocketFrame& frame() const { return frame_; }

 private:
  std::optional<WebSocketFault> add_first(uint8_t c);
  std::optional<WebSocketFault> add_second(uint8_t c);
  std::optional<WebSocketFault> add_length(uint8_t c);

  const Masking masking_;
  uint8_t size_ = 0;
  uint8_t needed_ = 0;       // 2 to 14, from the second byte on
  uint8_t length_size_ = 0;  // 0, 2 or 8 bytes behind the second
  WebSocketFrame frame_;
};

}  // namespace qtap::http
