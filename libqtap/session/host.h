// SPDX-License-Identifier: Apache-2.0
// The host program's callbacks: called one at a time on the polling thread, never with a lock held.
#pragma once

#include <qtap/session.h>

#include <span>
#include <string>

#include "base/result.h"
#include "model/connection.h"
#include "model/event.h"
#include "model/object.h"
#include "model/stream_message.h"
#include "model/transaction.h"

namespace qtap::session {

class Host {
 public:
  void set(const qtap_callbacks& callbacks, void* user) {
    callbacks_ = callbacks;
    user_ = user;
  }

  // False: the host wants nothing more of this connection.
  bool connection(const Connection& conn, int phase);
  void data(const Connection& conn, Direction direction, int64_t time_ns, uint64_t offset,
            uint64_t lost_before, std::span<const uint8_t> bytes);
  void transaction(const Transaction& tx);
  void message(const Connection& conn, const Transaction& tx, const StreamMessage& message);
  void event(const Event& event);
  void object(const Object& object);

  bool wants_events() const { return callbacks_.on_event != nullptr; }
  bool wants_data() const { return callbacks_.on_data != nullptr; }
  bool wants_messages() const { return callbacks_.on_message != nullptr; }
  bool wants_bodies() const {
    return callbacks_.on_transaction != nullptr || callbacks_.on_object != nullptr;
  }
  bool in_callback() const { return in_callback_; }

  bool failed() const { return failure_ != 0; }
  // The first negative result since the last call, with the name of the callback; clears it.
  Error take_failure();

 private:
  template <typename Call>
  int run(const char* name, Call call);

  qtap_callbacks callbacks_ = {};
  void* user_ = nullptr;
  bool in_callback_ = false;
  int failure_ = 0;
  const char* failed_name_ = "";
};

}  // namespace qtap::session
