// SPDX-License-Identifier: Apache-2.0
// In: heads, body pieces and ends of HTTP messages, whatever carries them. Out: gRPC, WebSocket and
// server-sent events inside of them: a reader is attached to a body when its head says what it is.
// Owned by whoever makes transactions of exchanges, on the shard's thread; readers belong to the
// transaction and are gone when their body has ended. A transaction without such a body costs a
// look at a pointer.
#pragma once

#include <memory>

#include "http/parser.h"
#include "model/transaction.h"
#include "proto/message_reader.h"

namespace qtap::proto {

class InnerStreams {
 public:
  InnerStreams(const MessageLimits& limits, MessageEvents& events)
      : limits_(limits), events_(events) {}

  void set_client(Direction client) { client_ = client; }
  // A head is complete; a final one, of a response.
  void on_request_head(Transaction& tx);
  void on_response_head(Transaction& tx);
  void on_body(Transaction& tx, const http::BodyPiece& piece);
  void on_body_end(Transaction& tx, const http::BodyEnd& end);
  // Behind a 101: who reads what follows, when it proves to be a WebSocket; else null. What is not
  // told apart is left alone.
  std::unique_ptr<http::Parser> after_upgrade(const Ref<Transaction>& tx, Direction client);

 private:
  using MessageKind = http::MessageKind;
  void begin_grpc(Transaction& tx);
  void read_grpc(Transaction& tx, MessageKind part);
  void begin_websocket(Transaction& tx);
  void begin_sse(Transaction& tx);
  MessageTeller teller(Transaction& tx, StreamProtocol protocol, MessageKind part);

  const MessageLimits& limits_;
  MessageEvents& events_;
  Direction client_ = Direction::kSent;
  bool has_told_grpc_ = false;
};

}  // namespace qtap::proto
