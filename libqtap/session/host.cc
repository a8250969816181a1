// SPDX-License-Identifier: Apache-2.0
#include "session/host.h"

#include "model/handles.h"

namespace qtap::session {

template <typename Call>
int Host::run(const char* name, Call call) {
  in_callback_ = true;
  const int result = call();
  in_callback_ = false;
  if (result < 0 && failure_ == 0) {
    failure_ = result;
    failed_name_ = name;
  }
  return result;
}

bool Host::connection(const Connection& conn, int phase) {
  if (!callbacks_.on_connection) return true;
  return run("on_connection", [&] { return callbacks_.on_connection(to_c(conn), phase, user_); }) !=
         QTAP_CONN_IGNORE;
}

void Host::data(const Connection& conn, Direction direction, int64_t time_ns, uint64_t offset,
                uint64_t lost_before, std::span<const uint8_t> bytes) {
  if (!callbacks_.on_data) return;
  const qtap_data piece = {
      .size = sizeof(qtap_data),
      .direction = static_cast<int>(direction),
      .is_tls = conn.is_tls,
      .time_ns = static_cast<uint64_t>(time_ns),
      .offset = offset,
      .lost_before = lost_before,
      .bytes = bytes.data(),
      .len = bytes.size(),
  };
  run("on_data", [&] { return callbacks_.on_data(to_c(conn), &piece, user_); });
}

void Host::transaction(const Transaction& tx) {
  if (!callbacks_.on_transaction) return;
  run("on_transaction", [&] { return callbacks_.on_transaction(to_c(tx), user_); });
}

void Host::message(const Connection& conn, const Transaction& tx, const StreamMessage& message) {
  if (!callbacks_.on_message) return;
  const qtap_stream_message told = {
      .size = sizeof(qtap_stream_message),
      .protocol = static_cast<int>(message.protocol),
      .message = static_cast<int>(message.part),
      .direction = static_cast<int>(message.direction),
      .opcode = message.opcode,
      .close_code = message.close_code,
      .flags = message.flags,
      .index = message.index,
      .length = message.length,
      .wire_length = message.wire_length,
      .missing = message.missing_bytes,
      .first_ns = static_cast<uint64_t>(message.first_ns),
      .last_ns = static_cast<uint64_t>(message.last_ns),
      .type = {message.type.data(), message.type.size()},
      .id = {message.id.data(), message.id.size()},
      .bytes = message.payload.data(),
      .len = message.payload.size(),
  };
  run("on_message", [&] { return callbacks_.on_message(to_c(conn), to_c(tx), &told, user_); });
}

void Host::event(const Event& event) {
  if (!callbacks_.on_event) return;
  run("on_event", [&] { return callbacks_.on_event(to_c(event), user_); });
}

void Host::object(const Object& object) {
  if (!callbacks_.on_object) return;
  run("on_object", [&] { return callbacks_.on_object(to_c(object), user_); });
}

Error Host::take_failure() {
  Error error{"QT028", QTAP_ERR_CALLBACK,
              std::string(failed_name_) + ": the callback returned " + std::to_string(failure_)};
  failure_ = 0;
  return error;
}

}  // namespace qtap::session
