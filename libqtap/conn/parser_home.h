// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "conn/tracked.h"
#include "proto/inner_streams.h"

namespace qtap::conn {

// Makes transactions of exchanges, and finds what is inside of them. What the parser reports to: it
// follows the parser when another connection takes it over.
class Tracked::ParserHome final : public proto::ParserEvents, private proto::MessageEvents {
 public:
  explicit ParserHome(Tracked& owner) : owner_(&owner), inner_(owner.options_.messages, *this) {}
  void move_to(Tracked& owner) { owner_ = &owner; }

  Ref<http::Exchange> make_exchange() override;
  void on_exchange(Ref<http::Exchange> exchange) override;
  void on_request_head(http::Exchange& exchange) override;
  void on_response_head(http::Exchange& exchange) override;
  std::unique_ptr<http::Parser> make_next(const Ref<http::Exchange>& exchange,
                                          Direction client) override;
  void on_client(Direction client) override {
    inner_.set_client(client);
    if (owner_->conn_->role != Role::kUnknown) return;
    owner_->set_role(client == Direction::kSent ? Role::kClient : Role::kServer);
  }
  void on_body(http::Exchange& exchange, const BodyPiece& piece) override;
  void on_body_end(http::Exchange& exchange, const BodyEnd& end) override;
  void on_protocol(http::Protocol protocol) override {
    writable(owner_->conn_).l7 = l7_protocol(protocol);
  }
  void on_dns_answer(const proto::DnsMessage& answer) override {
    owner_->events_.on_dns_answer(*owner_->conn_, answer);
  }
  void on_parse_error(const http::ParseError&) override { ++owner_->counters_.parse_errors; }
  void on_limit() override { ++owner_->counters_.limit_hits; }

 private:
  void on_message(Transaction& tx, const StreamMessage& message) override;
  void on_messages_lost(Transaction& tx, StreamProtocol protocol, Direction direction) override;
  void on_grpc() override { writable(owner_->conn_).l7 = L7Protocol::kGrpc; }
  void on_message_error() override { ++owner_->counters_.parse_errors; }

  Tracked* owner_;
  proto::InnerStreams inner_;
};

// While this is there, an exception (there is no memory) gives the parser up, which it has left in
// the middle of something; whoever called the library is told by the exception.
class Tracked::ParserGuard {
 public:
  explicit ParserGuard(Tracked& tracked)
      : tracked_(tracked), exceptions_(std::uncaught_exceptions()) {}
  ~ParserGuard() {
    if (std::uncaught_exceptions() > exceptions_) tracked_.abandon_parser();
  }
  ParserGuard(const ParserGuard&) = delete;
  ParserGuard& operator=(const ParserGuard&) = delete;

 private:
  Tracked& tracked_;
  const int exceptions_;
};

}  // namespace qtap::conn
