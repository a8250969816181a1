// SPDX-License-Identifier: Apache-2.0
// The messages of one direction of a WebSocket: behind a 101 (proto/websocket.h) or in the body of
// an extended CONNECT (RFC 8441). Control frames are told as messages with their opcode.
#pragma once

#include <optional>

#include "http/websocket.h"
#include "proto/message_reader.h"

namespace qtap::proto {

class WebSocketReader final : public BodyReader, private http::WebSocketSide::Events {
 public:
  // `deflate`: how this direction compresses, when that was agreed on.
  WebSocketReader(const MessageTeller& teller,
                  const std::optional<http::WebSocketDeflate>& deflate);

  // Of a tunnel, where no offsets are needed.
  void data(int64_t time_ns, std::string_view bytes) override { side_.data(time_ns, bytes); }
  void gap(int64_t time_ns, uint64_t len) override { side_.gap(time_ns, len); }
  void close() override { side_.close(); }
  // As of http::WebSocketSide; 0 when somebody wants payloads.
  uint64_t unwanted() const { return payload_.room() == 0 ? side_.unwanted() : 0; }
  void skipped(int64_t time_ns, uint64_t len) { side_.skipped(time_ns, len); }

 private:
  void on_message_begin(const http::WebSocketMessage&) override { payload_.clear(); }
  void on_payload(const http::WebSocketMessage&, uint64_t offset, std::string_view bytes) override {
    payload_.add(offset, bytes);
  }
  void on_message_end(const http::WebSocketMessage& message) override;
  void on_control(const http::WebSocketControl& control) override;
  void on_fault(http::WebSocketFault fault, uint64_t position) override;

  MessageTeller teller_;
  PayloadBuffer payload_;
  http::WebSocketSide side_;
};

// What each direction of this WebSocket does, as the response says; index 0 is the client's.
struct WebSocketDeflates {
  std::optional<http::WebSocketDeflate> client;
  std::optional<http::WebSocketDeflate> server;
};
WebSocketDeflates websocket_deflates(const http::Response& response);

}  // namespace qtap::proto
