// SPDX-License-Identifier: Apache-2.0
// In: the bytes of one direction of a WebSocket connection behind its handshake (RFC 6455), and
// gaps. Out: its messages, in pieces, unmasked and inflated, and its control frames. Owned by the
// connection, on its thread; what is told is borrowed for the call. Kept: no payload but that of
// a control frame, at most 125 bytes, and zlib's window.
//
//     state     bytes                   gap                                       ends by
//     kHead     2 to 14 are kept        → kLost: where a frame begins is not      a whole head
//                                       known any more, and nothing proves it
//     kPayload  told                    within it: skipped and marked;            its length
//                                       beyond it: → kLost
//     kClosed   → kLost (after close)   → kLost                                   never
//     kLost     counted                 counted                                   never
//
// Where framing is wrong it ends (on_fault). What is wrong inside a payload is a mark on the
// message, since its end is known all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/utf8_stream.h"
#include "http/websocket_frame.h"
#include "http/websocket_inflate.h"

namespace qtap::http {

struct WebSocketLimits {
  uint64_t payload_bytes = UINT64_MAX;  // of one message are told; the rest is only counted
  WebSocketInflateLimits inflate;
};

struct WebSocketMessage {
  uint64_t index = 0;                               // of this direction, from 0
  WebSocketOpcode opcode = WebSocketOpcode::kText;  // or kBinary
  WebSocketDecoding decoding = WebSocketDecoding::kPlain;
  bool is_complete = false;  // its end was seen, or lay in a gap of known length
  bool is_bad_text = false;  // opcode says text, and it is no UTF-8 (8.1)
  bool over_limit = false;   // not all of it was told
  uint64_t fragments = 0;
  uint64_t head_bytes = 0;     // of its frames
  uint64_t wire_bytes = 0;     // of their payloads as sent
  uint64_t decoded_bytes = 0;  // of the message, as far as it could be inflated
  uint64_t missing_bytes = 0;  // of wire_bytes, in gaps
  int64_t first_ns = 0;        // first byte of the first frame
  int64_t last_ns = 0;         // last byte of the last frame
};

struct WebSocketControl {
  WebSocketOpcode opcode = WebSocketOpcode::kPing;
  std::string_view payload;    // what came of it
  uint64_t missing_bytes = 0;  // of the payload, in gaps
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  // Of a close frame (5.5.1, 7.4).
  std::optional<uint16_t> close_code;
  std::string_view reason;
  bool is_bad_close = false;  // one byte, a code that must not be sent, or no UTF-8
};

struct WebSocketCounters {
  uint64_t messages = 0;  // begun
  uint64_t control_frames = 0;
  uint64_t faults = 0;
  uint64_t limits = 0;          // messages over a limit
  uint64_t bad_payloads = 0;    // no UTF-8, no deflate data, no proper close
  uint64_t not_decodable = 0;   // messages that were not inflated, or not whole, because of a gap
  uint64_t missing_bytes = 0;   // in gaps of known length, wherever they were
  uint64_t unframed_bytes = 0;  // came after framing was lost
};

class WebSocketSide final : private WebSocketInflate::Output {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void on_message_begin(const WebSocketMessage& message) = 0;
    // `offset` in the decoded message.
    virtual void on_payload(const WebSocketMessage& message, uint64_t offset,
                            std::string_view bytes) = 0;
    virtual void on_message_end(const WebSocketMessage& message) = 0;
    // May come between two fragments of a message.
    virtual void on_control(const WebSocketControl& control) = 0;
    // `position`: offset in the stream of the frame that is wrong, of the gap, or of the end.
    // Nothing is told from here on.
    virtual void on_fault(WebSocketFault fault, uint64_t position) = 0;
  };
  using Masking = WebSocketHead::Masking;
  // Of a gap whose length nobody knows.
  static constexpr uint64_t kUnknownLength = UINT64_MAX;

  // `deflate`: how this direction compresses, when that was agreed on.
  WebSocketSide(Masking masking, const std::optional<WebSocketDeflate>& deflate,
                const WebSocketLimits& limits, Events& events);
  WebSocketSide(const WebSocketSide&) = delete;
  WebSocketSide& operator=(const WebSocketSide&) = delete;

  void data(int64_t time_ns, std::string_view bytes);
  void gap(int64_t time_ns, uint64_t len);
  // How many of the next bytes are surely payload of a message, of which nothing but the length is
  // needed when nobody wants on_payload(). 0 while they are inflated.
  uint64_t unwanted() const;
  // So many bytes did not come because nobody wanted them. Those that unwanted() named are not
  // missed; the rest of a text is not checked.
  void skipped(int64_t time_ns, uint64_t len);
  // The connection has ended, or nobody looks any more.
  void close();

  bool is_framed() const { return state_ != State::kLost; }
  const WebSocketCounters& counters() const { return counters_; }

 private:
  enum class State : uint8_t { kHead, kPayload, kClosed, kLost };

  void add_head(uint8_t c);
  std::optional<WebSocketFault> check_order() const;
  void begin_frame();
  void begin_message(const WebSocketFrame& frame);
  void add_payload(std::string_view bytes);
  void take_payload(std::string_view plain);
  void skip_payload(uint64_t len);
  void end_frame();
  void end_message();
  void end_control();
  void read_close();
  void tell(std::string_view bytes);
  void on_inflated(std::string_view bytes) override { tell(bytes); }
  void lose(WebSocketFault fault, uint64_t position);
  bool is_compressed() const { return message_.decoding != WebSocketDecoding::kPlain; }
  uint64_t payload_left() const { return head_.frame().length - frame_offset_; }
  int64_t& last_ns() { return head_.frame().is_control() ? control_.last_ns : message_.last_ns; }

  const WebSocketLimits limits_;
  Events& events_;
  WebSocketHead head_;
  std::optional<WebSocketInflate> inflate_;
  State state_ = State::kHead;
  bool in_message_ = false;
  bool checks_text_ = true;  // of the message at hand: nothing of it was left out
  int64_t now_ns_ = 0;
  int64_t frame_ns_ = 0;  // first byte of the frame at hand
  uint64_t position_ = 0;
  uint64_t frame_position_ = 0;
  uint64_t frame_offset_ = 0;  // in the payload of the frame at hand
  WebSocketMessage message_;
  WebSocketControl control_;
  std::string control_bytes_;
  Utf8Stream utf8_;
  WebSocketCounters counters_;
};

}  // namespace qtap::http
