// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "conn/tracked.h"

namespace qtap::conn {

// Makes transactions of exchanges. What the parser reports to: it follows the parser when another
// connection takes it over.
class Tracked::ParserHome final : public proto::ParserEvents {
 public:
  explicit ParserHome(Tracked& owner) : owner_(&owner) {}
  void move_to(Tracked& owner) { owner_ = &owner; }

  Ref<http::Exchange> make_exchange() override;
  void on_exchange(Ref<http::Exchange> exchange) override;
  void on_request_head(http::Exchange& exchange) override;
  void on_client(Direction client) override {
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
  Tracked* owner_;
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
