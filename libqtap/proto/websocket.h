// SPDX-License-Identifier: Apache-2.0
// What follows a 101 that proves a WebSocket (RFC 6455): the parser that HTTP/1 hands its
// connection over to. The transaction of the upgrade is handed out at the 101; what it is told of
// later are messages. The connection stays what it began as: spec/events-and-objects.md 1 has no
// name for this protocol.
#pragma once

#include "http/parser.h"
#include "proto/websocket_reader.h"

namespace qtap::proto {

class WebSocketParser final : public http::Parser {
 public:
  WebSocketParser(Direction client, Ref<Transaction> tx, const MessageLimits& limits,
                  MessageEvents& events);

  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override {
    reader(direction).gap(time_ns, len);
  }
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override {
    gap(direction, time_ns, len);
  }
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override {
    reader(direction).skipped(time_ns, len);
  }
  void keep_bodies(bool) override {}
  uint64_t unwanted(Direction direction) const override {
    return (direction == client_direction_ ? client_ : server_).unwanted();
  }
  void close(int64_t time_ns, http::Truncation reason) override;
  void abandon(http::Truncation) override {}
  // A WebSocket may rest for as long as it likes.
  int64_t pending_since_ns() const override { return 0; }

 private:
  WebSocketReader& reader(Direction direction) {
    return direction == client_direction_ ? client_ : server_;
  }

  const Direction client_direction_;
  const Ref<Transaction> tx_;
  WebSocketReader client_;
  WebSocketReader server_;
};

}  // namespace qtap::proto
