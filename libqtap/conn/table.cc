// SPDX-License-Identifier: Apache-2.0
#include "conn/table.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace qtap::conn {
namespace {

// A TLS library may hand out bytes that it had read before the socket closed; an object that is
// never freed must not keep the connection for ever.
constexpr int64_t kLingerNs = 2'000'000'000;

constexpr size_t kMinUntracked = 1024;

// Hash tables have no order of their own; what is walked in key order comes out the same in every
// run.
std::vector<uint64_t> sorted_keys(
    const std::unordered_map<uint64_t, std::unique_ptr<Tracked>>& connections) {
  std::vector<uint64_t> keys;
  keys.reserve(connections.size());
  for (const auto& entry : connections) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

Table::Table(const ConnOptions& options, IdMaker& ids, int64_t boot_to_unix_ns,
             const ProcessLookup& processes, ConnEvents& events)
    : options_(options),
      ids_(ids),
      boot_to_unix_ns_(boot_to_unix_ns),
      processes_(processes),
      events_(events) {}

Table::~Table() = default;

void Table::on_record(const Record& record) {
  now_ns_ = std::max(now_ns_, static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_);
  switch (record.type) {
    case RecordType::kOpen:
      return on_open(record);
    case RecordType::kBind:
      return on_bind(record);
    case RecordType::kData:
    case RecordType::kGap:
      return on_data(record);
    case RecordType::kCount:
      return on_count(record);
    case RecordType::kClose:
      return on_close(record);
    case RecordType::kStreamEnd:
      return on_stream_end(record);
    case RecordType::kExit:
      return on_exit(record);
    case RecordType::kTick:
      return on_tick();
    case RecordType::kProcessInfo:
      return on_process_info(record);
    case RecordType::kLevel:
      return on_level(record);
    case RecordType::kExec:
    case RecordType::kLoss:
      return;
  }
}

bool Table::has_room(uint64_t key) {
  if (open() < options_.max_connections) return true;
  if (untracked_.size() >= std::max(options_.max_connections, kMinUntracked)) untracked_.clear();
  if (untracked_.insert(key).second) ++counters_.untracked;
  return false;
}

std::unique_ptr<Tracked> Table::make(const Record& record) {
  auto conn = Ref<Connection>::make();
  conn->opened_ns = static_cast<int64_t>(record.start_ns != 0 ? record.start_ns : record.time_ns) +
                    boot_to_unix_ns_;
  conn->id = ids_.next(conn->opened_ns);
  if (const Process* process = processes_.find_process(record.pid)) {
    conn->process = *process;
  } else {
    conn->process.pid = record.pid;
  }
  conn->capture_level = level_of(record.pid);
  return std::make_unique<Tracked>(std::move(conn), options_, counters_, events_);
}

// The connection of a socket; made now when the socket is older than the capture or its opening was
// lost.
Tracked* Table::socket(const Record& record) {
  const auto it = sockets_.find(record.conn_key);
  if (it != sockets_.end()) return it->second.get();
  if (record.conn_key == 0 || !has_room(record.conn_key)) return nullptr;
  return sockets_.emplace(record.conn_key, make(record)).first->second.get();
}

void Table::on_open(const Record& record) {
  if (Tracked* tracked = socket(record)) tracked->learn_socket(record, boot_to_unix_ns_);
}

void Table::attach(uint64_t stream_id, Tracked& tracked) {
  streams_[stream_id] = &tracked;
  tracked.tls_ids.push_back(stream_id);
}

void Table::on_bind(const Record& record) {
  Tracked* tracked = socket(record);
  if (!tracked) return;
  const auto orphan = orphans_.find(record.stream_id);
  if (orphan != orphans_.end()) {
    orphan->second->learn_bind_method(record.bind_method);
    tracked = join(record.conn_key, std::move(orphan->second));
    orphans_.erase(record.stream_id);
  } else if (const auto known = streams_.find(record.stream_id); known == streams_.end()) {
    attach(record.stream_id, *tracked);
  } else if (known->second != tracked) {
    // The TLS object moved to another socket: its next bytes belong there.
    std::erase(known->second->tls_ids, record.stream_id);
    attach(record.stream_id, *tracked);
  }
  tracked->learn_tls_probe();
  tracked->learn_bind_method(record.bind_method);
}

// A TLS object without a socket proves to run over this one. Returns what is the connection of both
// from now on.
Tracked* Table::join(uint64_t conn_key, std::unique_ptr<Tracked> orphan) {
  std::unique_ptr<Tracked>& socket = sockets_.at(conn_key);
  // The socket was told of (at once, or when it had been idle before us), and so is what is read of
  // the object: that is what transactions name, so it goes on with the address, and the other ends.
  // Unless plain text came over the socket before (CONNECT): then that goes on.
  const auto& ledger = orphan->conn().ledger;
  const bool is_told = orphan->announced() || ledger[0].delivered + ledger[1].delivered > 0;
  const auto& before = socket->conn().ledger;
  const bool is_silent = before[0].delivered + before[1].delivered == 0;
  const bool object_goes_on = is_told && (socket->conn().joined_late || is_silent);
  if (!socket->tls_ids.empty() || (socket->announced() && !object_goes_on)) {
    socket->adopt(*orphan, now_ns_);
    for (const uint64_t stream_id : socket->tls_ids) streams_[stream_id] = socket.get();
    orphan->close(now_ns_, /*ended_ns=*/0, http::Truncation::kNone);
  } else {
    if (socket->announced()) {
      socket->close(now_ns_, /*ended_ns=*/0, http::Truncation::kNone);
    } else {
      --counters_.connections_total;  // two were one
    }
    orphan->take_socket(*socket, now_ns_);
    socket = std::move(orphan);
  }
  return socket.get();
}

Tracked* Table::tls_stream(const Record& record) {
  const auto it = streams_.find(record.stream_id);
  if (it != streams_.end()) return it->second;
  if (record.conn_key != 0) {
    Tracked* tracked = socket(record);
    if (tracked) attach(record.stream_id, *tracked);
    return tracked;
  }
  if (!has_room(record.stream_id)) return nullptr;
  Tracked* tracked = orphans_.emplace(record.stream_id, make(record)).first->second.get();
  attach(record.stream_id, *tracked);
  return tracked;
}

void Table::on_data(const Record& record) {
  const int64_t time_ns = static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_;
  const bool is_tls = record.stream_kind != StreamKind::kSocket;
  Tracked* tracked = is_tls ? tls_stream(record) : socket(record);
  if (!tracked) return;
  // A forked child or the receiver of a passed descriptor speaks for itself.
  if (record.pid != 0 && record.pid != tracked->conn().process.pid) {
    if (const Process* process = processes_.find_process(record.pid)) {
      tracked->learn_process(*process);
      tracked->set_level(level_of(record.pid));
    }
  }
  is_tls ? tracked->tls_data(record, time_ns) : tracked->socket_data(record, time_ns);
}

void Table::on_count(const Record& record) {
  if (record.stream_id == record.conn_key || record.stream_id == 0) {
    Tracked* tracked = socket(record);
    if (!tracked) return;
    if (record.tls) tracked->learn_tls();
    tracked->learn_totals(record);
  } else if (Tracked* tracked = tls_stream(record)) {
    tracked->learn_tls_probe();
    if (record.late) tracked->learn_late();
    tracked->learn_tls_totals(record.stream_id, record, now_ns_);
  }
}

void Table::on_close(const Record& record) {
  const auto it = sockets_.find(record.conn_key);
  if (it == sockets_.end()) return;
  Tracked& tracked = *it->second;
  if (record.tls) tracked.learn_tls();
  if (record.stream_id != record.conn_key && record.stream_id != 0) {
    // Of its TLS object nothing may have come so far: the end of that will tell how much it was.
    tracked.learn_tls_probe();
    if (!streams_.contains(record.stream_id)) attach(record.stream_id, tracked);
  }
  tracked.learn_totals(record);
  tracked.finish_socket(now_ns_);
  tracked.socket_closed_ns = static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_;
  if (tracked.tls_ids.empty()) {
    finish_socket(record.conn_key, http::Truncation::kAborted);
  } else {
    lingering_.insert(record.conn_key);
  }
}

void Table::on_stream_end(const Record& record) {
  if (!streams_.contains(record.stream_id)) {  // nothing of it came
    if (record.total_bytes[0] + record.total_bytes[1] == 0) return;
    if (record.conn_key != 0 && !sockets_.contains(record.conn_key)) {
      // Its socket is told about with the next tick, if that found the ring full.
      if (early_ends_.size() >= options_.max_connections) return count_lost(record);
      early_ends_.push_back(record);
      return;
    }
    if (tls_stream(record) == nullptr) return;
  }
  Tracked& tracked = *streams_.at(record.stream_id);
  tracked.learn_tls_probe();
  if (record.late) tracked.learn_late();
  tracked.finish_tls(record.stream_id, record, now_ns_);
  if (orphans_.contains(record.stream_id)) {
    tracked.socket_closed_ns = static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_;
    return finish_orphan(record.stream_id, http::Truncation::kAborted);
  }
  streams_.erase(record.stream_id);
  std::erase(tracked.tls_ids, record.stream_id);
  if (!tracked.tls_ids.empty() || tracked.socket_closed_ns == 0) return;
  for (const uint64_t conn_key : lingering_) {
    if (sockets_.at(conn_key).get() == &tracked) {
      return finish_socket(conn_key, http::Truncation::kAborted);
    }
  }
}

void Table::count_lost(const Record& end) {
  for (size_t d = 0; d < 2; ++d) {
    const uint64_t filtered = std::min(end.total_bytes[d], end.filtered_bytes[d]);
    const uint64_t n = end.total_bytes[d] - filtered;
    counters_.bytes_filtered += filtered;
    if (n == 0) continue;
    const uint64_t over_budget = std::min(n, end.over_budget_bytes[d]);
    counters_.bytes_seen += n;
    counters_.bytes_lost += n;
    counters_.lost_by_cause[kLossBudget] += over_budget;
    counters_.lost_by_cause[kLossRingFull] += n - over_budget;
    ++counters_.gaps;
  }
}

// A process that ends frees no TLS object. What its objects carried is told later (kStreamEnd);
// those that nothing is told of do not stay for ever.
void Table::on_exit(const Record& record) {
  levels_.erase(record.pid);
  for (const auto& [stream_id, orphan] : orphans_) {
    if (orphan->conn().process.pid != record.pid || orphan->socket_closed_ns != 0) continue;
    orphan->socket_closed_ns = static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_;
  }
}

// Somebody looked for a TLS library in the process.
void Table::on_process_info(const Record& record) {
  if (record.tls_library == TlsLibrary::kUnknown) return;
  for (const auto* connections : {&sockets_, &orphans_}) {
    for (const auto& [key, tracked] : *connections) {
      if (tracked->conn().process.pid == record.pid) tracked->learn_tls_library(record);
    }
  }
}

CaptureLevel Table::level_of(uint32_t pid) const {
  const auto it = levels_.find(pid);
  return it == levels_.end() ? CaptureLevel::kFull : it->second;
}

void Table::on_level(const Record& record) {
  if (record.level == CaptureLevel::kFull) {
    levels_.erase(record.pid);
  } else {
    levels_[record.pid] = record.level;
  }
  for (const auto* connections : {&sockets_, &orphans_}) {
    for (const auto& [key, tracked] : *connections) {
      if (tracked->conn().process.pid == record.pid) tracked->set_level(record.level);
    }
  }
}

// Of a connection that was reported already, or that there was no room for.
void Table::settle_early_ends() {
  for (const Record& end : std::exchange(early_ends_, {})) {
    sockets_.contains(end.conn_key) ? on_stream_end(end) : count_lost(end);
  }
}

void Table::on_tick() {
  settle_early_ends();
  const auto is_over = [&](const Tracked& tracked) {
    return tracked.socket_closed_ns != 0 && now_ns_ - tracked.socket_closed_ns > kLingerNs;
  };
  for (const uint64_t conn_key : sorted_keys(sockets_)) {
    Tracked& tracked = *sockets_.at(conn_key);
    tracked.on_time(now_ns_);
    if (is_over(tracked)) finish_socket(conn_key, http::Truncation::kAborted);
  }
  for (const uint64_t stream_id : sorted_keys(orphans_)) {
    Tracked& tracked = *orphans_.at(stream_id);
    tracked.on_time(now_ns_);
    if (is_over(tracked)) finish_orphan(stream_id, http::Truncation::kAborted);
  }
}

void Table::retire(Tracked& tracked, http::Truncation reason) {
  tracked.close(now_ns_, tracked.socket_closed_ns, reason);
  for (const uint64_t stream_id : tracked.tls_ids) streams_.erase(stream_id);
}

void Table::finish_socket(uint64_t conn_key, http::Truncation reason) {
  const auto it = sockets_.find(conn_key);
  retire(*it->second, reason);
  lingering_.erase(conn_key);
  sockets_.erase(it);
}

void Table::finish_orphan(uint64_t stream_id, http::Truncation reason) {
  const auto it = orphans_.find(stream_id);
  retire(*it->second, reason);
  orphans_.erase(it);
}

void Table::close_all() {
  settle_early_ends();
  for (const uint64_t key : sorted_keys(sockets_)) {
    sockets_.at(key)->finish_socket(now_ns_);
    finish_socket(key, http::Truncation::kMidstream);
  }
  for (const uint64_t key : sorted_keys(orphans_)) finish_orphan(key, http::Truncation::kMidstream);
}

}  // namespace qtap::conn
