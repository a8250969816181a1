// SPDX-License-Identifier: Apache-2.0
// A TLS object and a socket were seen apart, and prove to be one connection.
#include <algorithm>
#include <utility>

#include "conn/parser_home.h"
#include "conn/tracked.h"

namespace qtap::conn {

void Tracked::adopt(Tracked& orphan, int64_t now_ns) {
  learn_tls_probe();
  tls_streams_.merge(orphan.tls_streams_);
  tls_read_ |= orphan.tls_read_;
  tls_ids.insert(tls_ids.end(), orphan.tls_ids.begin(), orphan.tls_ids.end());
  orphan.tls_ids.clear();
  start_talk(orphan.talking_, now_ns);
  undetected_ = std::move(orphan.undetected_);
  late_ = std::move(orphan.late_);
  detecting_ = orphan.detecting_;
  home_ = std::move(orphan.home_);
  sends_bodies_ |= orphan.sends_bodies_;
  parser_ = std::move(orphan.parser_);
  if (home_) home_->move_to(*this);
  if (parser_) parser_->keep_bodies(conn_->capture_level == CaptureLevel::kFull);

  const Connection& from = *orphan.conn_;
  if (from.joined_late) learn_late();
  Connection& conn = writable(conn_);
  conn.l7 = from.l7;
  for (size_t d = 0; d < 2 && !orphan.wanted(); ++d) {  // else its own last report tells
    conn.ledger[d].delivered += from.ledger[d].delivered;
    for (size_t i = 0; i < kLossCauses; ++i) conn.ledger[d].lost[i] += from.ledger[d].lost[i];
  }
  if (!orphan.wanted()) conn.websocket = from.websocket;
  take_tls_bytes(orphan);
  learn_handshake(static_cast<uint32_t>(from.tls_handshake_us));
  if (from.endpoint_is_name) learn_endpoint(from.endpoint_id);
  if (conn.role == Role::kUnknown && from.role != Role::kUnknown) set_role(from.role);
  update_tls_state();
}

// The last report of the other one tells of these.
void Tracked::leave_wire_bytes_to(const Tracked& ended) {
  Connection& conn = writable(conn_);
  for (size_t d = 0; d < 2; ++d) {
    uint64_t& elsewhere = reported_elsewhere_[d];
    elsewhere = ended.reported_elsewhere_[d] + ended.conn_->wire_bytes[d];
    conn.wire_bytes[d] -= std::min(conn.wire_bytes[d], elsewhere);
  }
}

// Bytes that both were told of count once.
void Tracked::take_tls_bytes(Tracked& other) {
  counters_.tls_bytes_total -= std::exchange(other.counted_tls_bytes_, 0);
  counters_.tls_bytes_decrypted -= std::exchange(other.counted_decrypted_bytes_, 0);
  learn_wire_bytes(other.conn_->wire_bytes);
}

void Tracked::take_socket(Tracked& socket, int64_t now_ns) {
  const Connection& from = *socket.conn_;
  Connection& conn = writable_facts();
  conn.local = from.local;
  conn.remote = from.remote;
  conn.address_known = from.address_known;
  conn.socket_cookie = from.socket_cookie;
  conn.fd = from.fd;
  conn.opened_ns = std::min(conn.opened_ns, from.opened_ns);
  conn.joined_late |= from.joined_late;
  conn.connect_us = from.connect_us;
  conn.tls = from.tls;
  socket_streams_ = socket.socket_streams_;
  left_out_ = socket.left_out_;
  hellos_ = std::move(socket.hellos_);
  tls_began_ns_ = socket.tls_began_ns_;
  socket_closed_ns = socket.socket_closed_ns;
  if (socket.announced_ && socket.wanted()) leave_wire_bytes_to(socket);
  take_tls_bytes(socket);
  if (from.endpoint_is_name) {
    const bool is_asked = from.endpoint_is_asked && !conn_->endpoint_is_name;
    learn_endpoint(from.endpoint_id);
    writable(conn_).endpoint_is_asked |= is_asked;
  } else if (!conn_->endpoint_is_name) {
    writable(conn_).endpoint_id = from.endpoint_id;
  }
  set_role(conn_->role != Role::kUnknown ? conn_->role : from.role);
  update_tls_state();
  report(now_ns);
}

}  // namespace qtap::conn
