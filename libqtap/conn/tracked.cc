// SPDX-License-Identifier: Apache-2.0
#include "conn/tracked.h"

#include <algorithm>

#include "model/transaction.h"

namespace qtap::conn {
namespace {

// A start line is proven within its first bytes; this is far more than any detection needs.
constexpr size_t kMaxUndetected = 64u << 10;

std::span<const uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

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

// The host part of "host:port", "[::1]:443"; an address is no name and gives "".
std::string_view host_name(std::string_view authority) {
  if (authority.empty() || authority.front() == '[') return {};
  authority = without_user_info(authority);
  authority = authority.substr(0, authority.find(':'));
  const bool is_ipv4 = authority.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_ipv4 ? std::string_view() : authority;
}

}  // namespace

// What the parser reports to: it follows the parser when another connection takes it over.
class Tracked::ParserHome final : public proto::ParserEvents {
 public:
  explicit ParserHome(Tracked& owner) : owner_(&owner) {}
  void move_to(Tracked& owner) { owner_ = &owner; }

  void on_transaction(Ref<Transaction> tx) override {
    ++owner_->counters_.transactions;
    if (tx->truncated()) ++owner_->counters_.transactions_truncated;
    if (!owner_->wanted()) return;
    tx->connection = owner_->conn_;
    resolve_url(*tx);
    owner_->events_.on_transaction(std::move(tx));
  }
  void on_request_head(const http::Request& request) override {
    if (const std::string* host = http::find_header(request, "host")) {
      owner_->learn_endpoint(host_name(*host));
    }
  }
  void on_role(Role role) override {
    if (owner_->conn_->role == Role::kUnknown) owner_->set_role(role);
  }
  void on_parse_error() override { ++owner_->counters_.parse_errors; }
  void on_limit() override { ++owner_->counters_.limit_hits; }

 private:
  Tracked* owner_;
};

Tracked::Tracked(Ref<Connection> conn, const ConnOptions& options, ConnCounters& counters,
                 ConnEvents& events)
    : conn_(std::move(conn)), options_(options), counters_(counters), events_(events) {
  next_report_ns_ = conn_->opened_ns + options_.first_report_ns;
  ++counters_.connections_total;
}

Tracked::~Tracked() = default;

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
  Connection& conn = writable(conn_);
  conn.role = role;
  conn.direction = flow_of(conn);
  announce();
}

void Tracked::learn_socket(const Record& open, int64_t boot_to_unix_ns) {
  Connection& conn = writable(conn_);
  conn.local = open.local;
  conn.remote = open.remote;
  conn.address_known = open.remote.family != 0;
  conn.socket_cookie = open.socket_cookie;
  conn.fd = open.fd;
  conn.joined_late = open.role == Role::kUnknown;
  if (open.start_ns != 0) {
    conn.opened_ns = static_cast<int64_t>(open.start_ns) + boot_to_unix_ns;
    next_report_ns_ = conn.opened_ns + options_.first_report_ns;
    if (open.role == Role::kClient && open.time_ns > open.start_ns) {
      conn.connect_us = (open.time_ns - open.start_ns) / 1000;
    }
  }
  if (!conn.endpoint_is_name && conn.address_known) conn.endpoint_id = ip_text(conn.remote);
  set_role(open.role != Role::kUnknown ? open.role : conn.role);
}

void Tracked::learn_process(const Process& process) {
  if (conn_->process.pid == process.pid && conn_->process.known == process.known &&
      conn_->process.exe == process.exe) {
    return;
  }
  writable(conn_).process = process;
}

void Tracked::learn_tls_probe() {
  if (conn_->tls_probed && conn_->is_tls) return;
  Connection& conn = writable(conn_);
  conn.is_tls = true;
  conn.tls_probed = true;
  update_tls_state();
}

void Tracked::learn_totals(const std::array<uint64_t, 2>& wire_bytes,
                           const std::array<uint64_t, 2>& filtered_bytes) {
  Connection& conn = writable(conn_);
  for (size_t d = 0; d < 2; ++d) {
    conn.wire_bytes[d] = std::max(conn.wire_bytes[d], wire_bytes[d]);
    if (filtered_bytes[d] <= filtered_bytes_[d]) continue;
    counters_.bytes_filtered += filtered_bytes[d] - filtered_bytes_[d];
    filtered_bytes_[d] = filtered_bytes[d];
  }
}

void Tracked::learn_endpoint(std::string_view name) {
  if (name.empty() || conn_->endpoint_is_name) return;
  Connection& conn = writable(conn_);
  conn.endpoint_id = name;
  conn.endpoint_is_name = true;
}

void Tracked::update_tls_state() {
  Connection& conn = writable(conn_);
  const bool has_plain_text = conn.plain_bytes[0] + conn.plain_bytes[1] > 0;
  if (!conn.is_tls) {
    conn.tls_state = TlsState::kNone;
  } else if (has_plain_text) {
    conn.tls_state = TlsState::kDecrypted;
  } else if (!options_.tls_probes) {
    conn.tls_state = TlsState::kNotProbed;
  } else {
    conn.tls_state = conn.tls_probed ? TlsState::kNeverHit : TlsState::kNoLibrary;
  }
}

void Tracked::read_hello(const Record& record) {
  if (!conn_->is_tls) {
    writable(conn_).is_tls = true;
    update_tls_state();
  }
  proto::TlsHelloReader& reader = hellos_[index(record.direction)];
  if (reader.state() != proto::TlsHelloReader::State::kNeedMore) return;
  // A hello is the first thing on a connection: what starts later is something else.
  if (record.offset != socket_streams_[index(record.direction)].next()) return;
  Connection& conn = writable(conn_);
  if (reader.add(record.bytes, conn.tls) == proto::TlsHelloReader::State::kClientHello) {
    learn_endpoint(conn.tls.sni);
    if (conn.role == Role::kUnknown) {
      set_role(record.direction == Direction::kSent ? Role::kClient : Role::kServer);
    }
  }
}

void Tracked::socket_data(const Record& record, int64_t time_ns) {
  const size_t d = index(record.direction);
  const uint64_t end = record.offset + record.full_len;
  if (end > conn_->wire_bytes[d]) writable(conn_).wire_bytes[d] = end;
  if (record.tls || talking_ != 0) {  // once there is a TLS object, the socket carries its records
    if (record.tls) read_hello(record);
    socket_streams_[d].add(record.offset, record.full_len, record.bytes);
  } else {
    deliver(socket_streams_[d], record, time_ns);
  }
}

void Tracked::tls_data(const Record& record, int64_t time_ns) {
  learn_tls_probe();
  if (record.stream_id != talking_) start_talk(record.stream_id, time_ns);
  deliver(tls_streams_[record.stream_id][index(record.direction)], record, time_ns);
  if (conn_->tls_state != TlsState::kDecrypted) update_tls_state();
}

// Another conversation begins: TLS inside of what a proxy has opened (CONNECT, SOCKS), or another
// TLS object on the same socket (a forked server). What came before says nothing about it.
void Tracked::start_talk(uint64_t stream_id, int64_t time_ns) {
  talking_ = stream_id;
  if (parser_) parser_->close(time_ns, http::Truncation::kNone);
  parser_.reset();
  undetected_ = {};
  detecting_ = true;
}

// Of a socket whose protocol nobody parses, bytes are left out on purpose: those are filtered, not
// lost.
bool Tracked::counts_gaps() const {
  return conn_->is_tls || parser_ != nullptr || detecting_;
}

void Tracked::deliver(Stream& stream, const Record& record, int64_t time_ns) {
  const Direction direction = record.direction;
  const uint64_t first = std::max(stream.next(), record.offset);
  const Stream::Piece piece = stream.add(record.offset, record.full_len, record.bytes);
  if (piece.gap_before > 0) gap(direction, time_ns, record.offset, piece.gap_before);
  if (!piece.bytes.empty()) {
    counters_.bytes_seen += piece.bytes.size();
    counters_.bytes_delivered += piece.bytes.size();
    writable(conn_).plain_bytes[index(direction)] += piece.bytes.size();
    if (wanted()) events_.on_data(conn_, direction, time_ns, first, 0, piece.bytes);
    parse(direction, time_ns, piece.bytes);
  }
  if (piece.gap_after > 0) gap(direction, time_ns, stream.next(), piece.gap_after);
}

// `len` bytes right before `offset` are missing.
void Tracked::count_gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len) {
  counters_.bytes_seen += len;
  counters_.bytes_lost += len;
  ++counters_.gaps;
  writable(conn_).lost_bytes += len;
  if (wanted()) events_.on_data(conn_, direction, time_ns, offset, len, {});
}

void Tracked::gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len) {
  if (!counts_gaps()) return;
  count_gap(direction, time_ns, offset, len);
  if (parser_) {
    parser_->gap(direction, time_ns, len);
  } else {
    undetected_[index(direction)].clear();  // what comes now does not follow what came before
  }
}

void Tracked::parse(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (parser_) return parser_->data(direction, time_ns, bytes);
  if (!detecting_) return;

  std::string& first = undetected_[index(direction)];
  if (first.empty()) undetected_since_ns_[index(direction)] = time_ns;
  first.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  proto::Detection found = proto::detect(as_bytes(undetected_[0]), as_bytes(undetected_[1]));
  if (found == proto::Detection::kNeedMore && first.size() > kMaxUndetected) {
    found = proto::Detection::kUnknown;
  }
  if (found == proto::Detection::kNeedMore) return;

  const std::array<std::string, 2> buffered = std::move(undetected_);
  undetected_ = {};
  if (found == proto::Detection::kUnknown) {
    // A connection that was joined in the middle may still reach a start line.
    detecting_ = conn_->joined_late;
    return;
  }
  home_ = std::make_unique<ParserHome>(*this);
  parser_ = proto::make_http1_parser(options_.parser, *home_);
  writable(conn_).l7 = parser_->protocol();
  for (const Direction d : {opposite(direction), direction}) {
    const std::string& text = buffered[index(d)];
    if (!text.empty()) parser_->data(d, undetected_since_ns_[index(d)], as_bytes(text));
  }
}

void Tracked::finish_socket(int64_t time_ns) {
  if (conn_->is_tls) return;
  std::array<uint64_t, 2> copied = conn_->wire_bytes;
  for (size_t d = 0; d < 2; ++d) copied[d] -= std::min(copied[d], filtered_bytes_[d]);
  finish(socket_streams_, copied, time_ns, /*is_parsed=*/true);
}

void Tracked::finish_tls(uint64_t stream_id, const std::array<uint64_t, 2>& totals,
                         int64_t time_ns) {
  finish(tls_streams_[stream_id], totals, time_ns, /*is_parsed=*/talking_ == stream_id);
  tls_streams_.erase(stream_id);
}

// What was lost at the very end shows in no later offset, only in the totals.
void Tracked::finish(StreamPair& streams, const std::array<uint64_t, 2>& totals, int64_t time_ns,
                     bool is_parsed) {
  for (const Direction d : {Direction::kSent, Direction::kReceived}) {
    Stream& stream = streams[index(d)];
    const uint64_t missing = stream.finish(totals[index(d)]);
    if (missing == 0) continue;
    is_parsed ? gap(d, time_ns, stream.next(), missing)
              : count_gap(d, time_ns, stream.next(), missing);
  }
}

void Tracked::on_time(int64_t now_ns) {
  if (parser_) {
    const int64_t since = parser_->pending_since_ns();
    if (since != 0 && now_ns - since > options_.transaction_idle_ns) {
      parser_->close(now_ns, http::Truncation::kIdle);
      parser_.reset();
      detecting_ = true;
      ++counters_.limit_hits;
    }
  }
  if (now_ns < next_report_ns_ || !wanted()) return;
  next_report_ns_ = now_ns + options_.report_interval_ns;
  announce();
  writable(conn_).reported_ns = now_ns;
  events_.on_report(conn_, /*finalized=*/false);
  if (!events_.on_connection(conn_, ConnEvents::Phase::kUpdate)) ignored_ = true;
  ++writable(conn_).part;
}

void Tracked::close(int64_t now_ns, http::Truncation reason) {
  if (parser_) parser_->close(now_ns, reason);
  parser_.reset();
  Connection& conn = writable(conn_);
  conn.closed_ns = socket_closed_ns != 0 ? socket_closed_ns : now_ns;
  conn.reported_ns = now_ns;
  if (!wanted()) return;
  announce();
  events_.on_report(conn_, /*finalized=*/true);
  events_.on_connection(conn_, ConnEvents::Phase::kClose);
}

void Tracked::adopt(Tracked& orphan, int64_t now_ns) {
  learn_tls_probe();
  tls_streams_.merge(orphan.tls_streams_);
  tls_ids.insert(tls_ids.end(), orphan.tls_ids.begin(), orphan.tls_ids.end());
  orphan.tls_ids.clear();
  start_talk(orphan.talking_, now_ns);
  undetected_ = std::move(orphan.undetected_);
  undetected_since_ns_ = orphan.undetected_since_ns_;
  detecting_ = orphan.detecting_;
  home_ = std::move(orphan.home_);
  parser_ = std::move(orphan.parser_);
  if (home_) home_->move_to(*this);

  const Connection& from = *orphan.conn_;
  Connection& conn = writable(conn_);
  conn.l7 = from.l7;
  conn.lost_bytes += from.lost_bytes;
  for (size_t d = 0; d < 2; ++d) conn.plain_bytes[d] += from.plain_bytes[d];
  if (from.endpoint_is_name) learn_endpoint(from.endpoint_id);
  if (conn.role == Role::kUnknown && from.role != Role::kUnknown) set_role(from.role);
  update_tls_state();
}

}  // namespace qtap::conn
