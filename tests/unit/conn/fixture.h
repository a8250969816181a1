// SPDX-License-Identifier: Apache-2.0
// A table of connections that is fed with records and notes what it says.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "conn/table.h"
#include "proto/dns.h"

namespace qtap::test {

inline constexpr int64_t kSecond = 1'000'000'000;
inline constexpr std::string_view kRequest = "GET /a HTTP/1.1\r\nHost: api.example\r\n\r\n";
inline constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct Recorder final : conn::ConnEvents, conn::ProcessLookup {
  bool on_connection(const Ref<Connection>& conn, Phase phase) override {
    log.push_back(std::string(phase == Phase::kOpen    ? "open "
                              : phase == Phase::kClose ? "close "
                                                       : "update ") +
                  conn->endpoint_id);
    last = conn;
    return !ignore;
  }
  void on_data(const Ref<Connection>&, Direction, int64_t, uint64_t, uint64_t lost,
               std::span<const uint8_t> bytes) override {
    data_bytes += bytes.size();
    data_lost += lost;
  }
  void on_unwanted(uint64_t stream_id, Direction, uint64_t until, SkipCause cause) override {
    unwanted_cause = cause;
    unwanted.emplace_back(stream_id, until);
  }
  conn::Need need_of(const Connection&) override {
    return needs[std::min(asked++, needs.size() - 1)];
  }
  void on_gone(const Connection&) noexcept override { ++gone; }
  void on_body(const Ref<Connection>&, Transaction& tx, const BodyPiece& piece, bool) override {
    tx.body_flows[index(piece.message)].state = BodyFlow::State::kOpen;  // it goes to some store
  }
  void on_transaction(Ref<Transaction> tx) override { transactions.push_back(tx); }
  void on_report(const Ref<Connection>& conn, bool finalized) override {
    log.push_back(finalized ? "final" : "report");
    reports.push_back(conn);
    if (finalized) finals.push_back(conn);
    last = conn;
  }
  void on_dns_answer(const Connection&, const proto::DnsMessage& answer) override {
    for (const Address& address : answer.addresses) {
      names.push_back(answer.question + "=" + ip_text(address));
    }
  }
  std::string_view name_of_remote(const Connection&) override { return name_of_all; }
  const Process* find_process(uint32_t pid) const override {
    return pid == process.pid ? &process : nullptr;
  }

  Process process;
  bool ignore = false;
  std::vector<conn::Need> needs = {conn::Need::kBodies};  // one answer after the other
  size_t asked = 0;
  size_t gone = 0;
  std::string name_of_all;         // what DNS said of any address
  std::vector<std::string> names;  // that DNS told
  std::vector<std::string> log;
  std::vector<Ref<Transaction>> transactions;
  std::vector<std::pair<uint64_t, uint64_t>> unwanted;  // stream id, offset
  std::vector<Ref<Connection>> reports;                 // as they were then
  std::vector<Ref<Connection>> finals;                  // the last one of each connection
  Ref<Connection> last;
  SkipCause unwanted_cause = SkipCause::kUnwanted;
  size_t data_bytes = 0;
  uint64_t data_lost = 0;
};

struct Fixture {
  explicit Fixture(conn::ConnOptions options = {}, conn::Need need = conn::Need::kBodies)
      : table(options, ids, 0, events, events) {
    events.needs = {need};
  }

  Record at(RecordType type, uint64_t conn_key, uint64_t stream_id = 0) {
    Record r;
    r.type = type;
    r.time_ns = ++now;
    r.pid = 7;
    r.conn_key = conn_key;
    r.stream_id = stream_id;
    return r;
  }
  void open(uint64_t conn_key, Role role = Role::kClient, uint8_t last_octet = 8,
            bool late = false) {
    Record r = at(RecordType::kOpen, conn_key);
    r.role = role;
    r.late = late;
    r.local = {AF_INET, 4000, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
    r.remote = {AF_INET, 443, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, last_octet}};
    if (last_octet == 127) r.remote.ip[12] = 127;
    table.on_record(r);
  }
  void data(uint64_t conn_key, uint64_t stream_id, Direction d, std::string_view text,
            uint64_t extra_offset = 0) {
    Record r = at(RecordType::kData, conn_key, stream_id);
    uint64_t& offset = offsets[index(d)];
    r.stream_kind = stream_id != conn_key ? StreamKind::kOpenssl : StreamKind::kSocket;
    r.direction = d;
    r.offset = offset += extra_offset;
    r.full_len = text.size();
    r.bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    offset += text.size();
    table.on_record(r);
  }
  void tick(int64_t later_ns) {
    now += static_cast<uint64_t>(later_ns);
    table.on_record(at(RecordType::kTick, 0));
  }
  void close(uint64_t conn_key) {
    Record r = at(RecordType::kClose, conn_key);
    r.total_bytes = offsets;
    table.on_record(r);
  }

  void stream_end(uint64_t conn_key, uint64_t stream_id, std::array<uint64_t, 2> totals) {
    Record r = at(RecordType::kStreamEnd, conn_key, stream_id);
    r.total_bytes = totals;
    table.on_record(r);
  }

  uint64_t now = 1000 * kSecond;
  std::array<uint64_t, 2> offsets = {};
  IdMaker ids{1};
  Recorder events;
  conn::Table table;
};

}  // namespace qtap::test
