// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  void on_parse_error() override { ++owner_->counters_.parse_errors; }
  void on_limit() override { ++owner_->counters_.limit_hits; }

 private:
  Tracked* owner_;
};

}  // namespace qtap::conn
