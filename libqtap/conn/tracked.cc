// SPDX-License-Identifier: Apache-2.0
#include "conn/tracked.h"

#include <algorithm>

#include "conn/parser_home.h"

namespace qtap::conn {
namespace {

FlowDirection flow_of(const Connection& conn) {
  if (conn.role == Role::kServer) return FlowDirection::kIngress;
  if (conn.role == Role::kUnknown) return FlowDirection::kUnknown;
  if (!conn.address_known) return FlowDirection::kEgress;
  return is_internal_ip(conn.remote) ? FlowDirection::kEgressInternal
                                     : FlowDirection::kEgressExternal;
}

bool direction_matches(FlowDirection filter, FlowDirection actual) {
  if (filter == FlowDirection::kUnknown || filter == actual) return true;
  const bool is_egress =
      actual == FlowDirection::kEgressInternal || actual == FlowDirection::kEgressExternal;
  return filter == FlowDirection::kEgress && is_egress;
}

// Why the plain text of a connection was not seen, though probes were asked for.
// `began_ns`: of its first TLS bytes.
TlsState undecrypted_state(const Connection& conn, uint64_t began_ns) {
  const TlsLibrary library = conn.process.tls_library;
  // The probes came when it had begun: bytes that pass later may be the rest of a record.
  const bool began_before = began_ns != 0 && began_ns < conn.process.probed_ns;
  if (library == TlsLibrary::kMissed || (library == TlsLibrary::kProbed && began_before)) {
    return TlsState::kJoinedLate;
  }
  if (!conn.tls_probed && library == TlsLibrary::kNoSymbols) return TlsState::kNoSymbols;
  if (!conn.tls_probed && library != TlsLibrary::kProbed) return TlsState::kNoLibrary;
  return conn.joined_late ? TlsState::kJoinedLate : TlsState::kNeverHit;
}

}  // namespace

Tracked::Tracked(Ref<Connection> conn, const ConnOptions& options, ConnCounters& counters,
                 ConnEvents& events)
    : conn_(std::move(conn)), options_(options), counters_(counters), events_(events) {
  next_report_ns_ = conn_->opened_ns + options_.first_report_ns;
  ++counters_.connections_total;
}

Tracked::~Tracked() {
  events_.on_gone(*conn_);
}

Connection& Tracked::writable_facts() {
  Connection& conn = writable(conn_);
  ++conn.facts;
  return conn;
}

bool Tracked::wanted() const {
  if (ignored_) return false;
  if (options_.ignore_loopback && conn_->address_known && is_loopback_ip(conn_->remote)) {
    return false;
  }
  return direction_matches(options_.direction, conn_->direction);
}

void Tracked::announce() {
  if (announced_ || !wanted()) return;
  announced_ = true;
  if (!events_.on_connection(conn_, ConnEvents::Phase::kOpen)) ignored_ = true;
}

void Tracked::set_role(Role role) {
  Connection& conn = writable_facts();
  conn.role = role;
  conn.direction = flow_of(conn);
  // A socket that is older than the capture may prove to belong to a TLS object that is known.
  if (role != Role::kUnknown) announce();
}

void Tracked::learn_socket(const Record& open, int64_t boot_to_unix_ns) {
  Connection& conn = writable_facts();
  conn.local = open.local;
  conn.remote = open.remote;
  conn.address_known = open.remote.family != 0;
  conn.socket_cookie = open.socket_cookie;
  conn.fd = open.fd;
  conn.transport = open.transport;
  conn.joined_late |= open.late || open.role == Role::kUnknown;
  if (open.start_ns != 0) {
    conn.opened_ns = static_cast<int64_t>(open.start_ns) + boot_to_unix_ns;
    next_report_ns_ = conn.opened_ns + options_.first_report_ns;
    if (open.role == Role::kClient && open.time_ns > open.start_ns) {
      conn.connect_us = std::max<uint64_t>((open.time_ns - open.start_ns) / 1000, 1);
    }
  }
  if (!conn.endpoint_is_name && conn.address_known) conn.endpoint_id = ip_text(conn.remote);
  ask_for_name();
  set_role(open.role != Role::kUnknown ? open.role : conn.role);
}

void Tracked::learn_process(const Process& process) {
  if (conn_->process.pid == process.pid && conn_->process.known == process.known &&
      conn_->process.exe == process.exe) {
    return;
  }
  writable_facts().process = process;
  ask_for_name();
  update_tls_state();
}

void Tracked::learn_tls_library(const Record& process_info) {
  const TlsLibrary library = process_info.tls_library;
  if (library == TlsLibrary::kUnknown || library == conn_->process.tls_library) return;
  Process& process = writable(conn_).process;
  process.tls_library = library;
  process.probed_ns = process_info.probed_ns;
  update_tls_state();
}

void Tracked::learn_tls() {
  if (conn_->is_tls) return;
  writable_facts().is_tls = true;
  update_tls_state();
}

void Tracked::learn_tls_probe() {
  if (conn_->tls_probed && conn_->is_tls) return;
  Connection& conn = writable_facts();
  conn.is_tls = true;
  conn.tls_probed = true;
  update_tls_state();
}

void Tracked::learn_bind_method(BindMethod method) {
  if (conn_->bind_method != method) writable(conn_).bind_method = method;
}

void Tracked::learn_late() {
  if (conn_->joined_late) return;
  writable(conn_).joined_late = true;
  update_tls_state();
}

void Tracked::learn_handshake(uint32_t took_us) {
  if (took_us == 0 || conn_->tls_handshake_us != 0) return;
  writable(conn_).tls_handshake_us = took_us;
}

// `totals` are those of the socket, also of what was reported elsewhere.
void Tracked::learn_wire_bytes(const std::array<uint64_t, 2>& totals) {
  std::array<uint64_t, 2> own = {};
  for (size_t d = 0; d < 2; ++d) own[d] = totals[d] - std::min(totals[d], reported_elsewhere_[d]);
  if (own[0] <= conn_->wire_bytes[0] && own[1] <= conn_->wire_bytes[1]) return;
  Connection& conn = writable(conn_);
  for (size_t d = 0; d < 2; ++d) conn.wire_bytes[d] = std::max(conn.wire_bytes[d], own[d]);
  count_tls_bytes();
}

// Adds what is new, so that the counters hold for open connections, too. Both only grow: what
// carries TLS and what was decrypted stays so.
void Tracked::count_tls_bytes() {
  if (!conn_->is_tls) return;
  const uint64_t bytes =
      conn_->wire_bytes[0] + conn_->wire_bytes[1] + reported_elsewhere_[0] + reported_elsewhere_[1];
  counters_.tls_bytes_total += bytes - counted_tls_bytes_;
  counted_tls_bytes_ = bytes;
  if (conn_->tls_state != TlsState::kDecrypted) return;
  counters_.tls_bytes_decrypted += bytes - counted_decrypted_bytes_;
  counted_decrypted_bytes_ = bytes;
}

void Tracked::learn_totals(const Record& totals) {
  learn_wire_bytes(totals.total_bytes);
  for (size_t d = 0; d < 2; ++d) {
    uint64_t& over_budget = left_out_.over_budget[d];
    over_budget = std::max(over_budget, totals.over_budget_bytes[d]);
    uint64_t& filtered = left_out_.filtered[d];
    if (totals.filtered_bytes[d] <= filtered) continue;
    counters_.bytes_filtered += totals.filtered_bytes[d] - filtered;
    filtered = totals.filtered_bytes[d];
  }
}

void Tracked::set_level(CaptureLevel level) {
  if (level == conn_->capture_level) return;
  writable(conn_).capture_level = level;
  if (parser_) parser_->keep_bodies(level == CaptureLevel::kFull);
}

// What the client says to the peer comes before what somebody said of its address.
void Tracked::learn_endpoint(std::string_view name) {
  if (name.empty() || (conn_->endpoint_is_name && !conn_->endpoint_is_asked)) return;
  Connection& conn = writable_facts();
  conn.endpoint_id = name;
  conn.endpoint_is_name = true;
  conn.endpoint_is_asked = false;
}

void Tracked::ask_for_name() {
  if (conn_->endpoint_is_name || !conn_->address_known) return;
  const std::string_view name = events_.name_of_remote(*conn_);
  if (name.empty()) return;
  learn_endpoint(name);
  writable(conn_).endpoint_is_asked = true;
}

void Tracked::update_tls_state() {
  Connection& conn = writable(conn_);
  if (!conn.is_tls) {
    conn.tls_state = TlsState::kNone;
  } else if (tls_read_) {
    conn.tls_state = TlsState::kDecrypted;
  } else {
    conn.tls_state =
        options_.tls_probes ? undecrypted_state(conn, tls_began_ns_) : TlsState::kNotProbed;
  }
  count_tls_bytes();
}

void Tracked::on_time(int64_t now_ns) {
  if (parser_) {
    const ParserGuard guard(*this);
    const int64_t since = parser_->pending_since_ns();
    if (since != 0 && now_ns - since > options_.transaction_idle_ns) {
      parser_->close(now_ns, http::Truncation::kIdle);
      parser_.reset();
      detecting_ = resynchronising_ = true;
      ++counters_.limit_hits;
    }
  }
  if (now_ns >= next_report_ns_) report(now_ns);
}

void Tracked::report(int64_t now_ns) {
  if (!wanted()) return;
  next_report_ns_ = now_ns + options_.report_interval_ns;
  announce();
  writable(conn_).reported_ns = now_ns;
  events_.on_report(conn_, /*finalized=*/false);
  if (!events_.on_connection(conn_, ConnEvents::Phase::kUpdate)) ignored_ = true;
  ++writable(conn_).part;
}

void Tracked::close(int64_t now_ns, int64_t ended_ns, http::Truncation reason) {
  if (parser_) {
    const ParserGuard guard(*this);
    parser_->close(now_ns, reason);
  }
  parser_.reset();
  Connection& conn = writable(conn_);
  conn.closed_ns = ended_ns;
  conn.reported_ns = now_ns;
  if (!wanted()) return;
  announce();
  events_.on_report(conn_, /*finalized=*/true);
  events_.on_connection(conn_, ConnEvents::Phase::kClose);
}

}  // namespace qtap::conn
