// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "conn/tracked.h"

namespace qtap::conn {

// What the parser reports to: it follows the parser when another connection takes it over.
class Tracked::ParserHome final : public proto::ParserEvents {
 public:
  explicit ParserHome(Tracked& owner) : owner_(&owner) {}
  void move_to(Tracked& owner) { owner_ = &owner; }

  void on_transaction(Ref<Transaction> tx) override;
  void on_request_head(const http::Request& request) override;
  void on_role(Role role) override {
    if (owner_->conn_->role == Role::kUnknown) owner_->set_role(role);
  }
  void on_body(Transaction& tx, const BodyPiece& piece) override;
  void on_body_end(Transaction& tx, const BodyEnd& end) override {
    owner_->events_.on_body_end(*owner_->conn_, tx, end, owner_->wanted());
  }
  void on_protocol(L7Protocol protocol) override { writable(owner_->conn_).l7 = protocol; }
  void on_parse_error() override { ++owner_->counters_.parse_errors; }
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
