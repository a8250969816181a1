// SPDX-License-Identifier: Apache-2.0
#include "session/shard.h"

#include <algorithm>

#include "model/transaction_head.h"
#include "net/own_sockets.h"
#include "proto/dns.h"
#include "session/build.h"

namespace qtap::session {
namespace {

// The storage's end of what this process sends, where both are on this machine: nobody else has
// that port at an address of this machine.
bool is_own_upload(const Connection& conn) {
  return conn.address_known && conn.local.family == conn.remote.family &&
         conn.local.ip == conn.remote.ip && net::OwnSockets::of_process().has(conn.remote.port);
}

}  // namespace

using plugin::Level;

Shard::Shard(const Settings& settings, std::vector<std::unique_ptr<plugin::Plugin>> plugins,
             const source::Origin& origin, Host& host, Outlet& outlet, Ref<Decoding> decoding,
             Unwanted unwanted)
    : host_(host),
      outlet_(outlet),
      system_{origin.hostname, settings.agent_name, origin.instance},
      unwanted_(std::move(unwanted)),
      plugins_(std::move(plugins)),
      boot_to_unix_ns_(origin.boot_to_unix_ns),
      audits_dns_(settings.tap.audit_include_dns),
      decoding_(std::move(decoding)),
      ids_(origin.id_seed),
      bodies_(plugins_, ids_, outlet, settings.capture.body_buffer),
      table_(make_conn_options(settings, plugins_, host, outlet), ids_, origin.boot_to_unix_ns,
             *this, *this) {}

Shard::~Shard() = default;

void Shard::on_record(const Record& record) {
  ++counters_.records;
  now_ns_ = std::max(now_ns_, static_cast<int64_t>(record.time_ns) + boot_to_unix_ns_);
  switch (record.type) {
    case RecordType::kExec:
    case RecordType::kProcessInfo:
      processes_.on_record(record);
      break;
    case RecordType::kExit:
      table_.on_record(record);  // while the process is still known
      processes_.on_record(record);
      return;
    case RecordType::kLoss:
      counters_.lost_records = record.lost_records;
      return;
    case RecordType::kLevel:
      ++counters_.budget_steps;
      break;
    default:
      break;
  }
  table_.on_record(record);
}

uint64_t Shard::rule_errors() const {
  uint64_t errors = 0;
  for (const auto& plugin : plugins_) errors += plugin->rule_errors();
  return errors;
}

// One plugin that needs it is enough; a host that takes transactions needs them whole. Without a
// rule that could tell connections apart, all are read: what they speak, and how often, is counted.
conn::Need Shard::need_of(const Connection& conn) {
  Level most = host_.wants_bodies() ? Level::kFull : Level::kNone;
  Level elsewhere = most;
  for (const auto& plugin : plugins_) {
    most = std::max(most, plugin->needs_of(conn));
    elsewhere = std::max(elsewhere, plugin->needs());
  }
  if (most == Level::kNone && elsewhere != Level::kNone) return conn::Need::kNothing;
  const bool are_kept = most == Level::kFull && table_.options().parser.wants_bodies();
  return are_kept ? conn::Need::kBodies : conn::Need::kHeads;
}

void Shard::on_gone(const Connection& conn) noexcept {
  for (const auto& plugin : plugins_) plugin->forget(conn);
}

bool Shard::on_connection(const Ref<Connection>& conn, Phase phase) {
  if (phase != Phase::kClose && is_own_upload(*conn)) return false;
  constexpr int kPhases[] = {QTAP_CONN_OPEN, QTAP_CONN_UPDATE, QTAP_CONN_CLOSE};
  return host_.connection(*conn, kPhases[static_cast<size_t>(phase)]);
}

void Shard::on_data(const Ref<Connection>& conn, Direction direction, int64_t time_ns,
                    uint64_t offset, uint64_t lost_before, std::span<const uint8_t> bytes) {
  host_.data(*conn, direction, time_ns, offset, lost_before, bytes);
}

void Shard::on_message(const Ref<Connection>& conn, Transaction& tx, const StreamMessage& message) {
  if (tx.id.empty()) tx.id = ids_.next(tx.request.start_ns);
  host_.message(*conn, transaction_head(conn, tx), message);
}

void Shard::on_transaction(Ref<Transaction> tx) {
  tx->head = {};
  bodies_.on_transaction(tx->connection, *tx);
  if (tx->id.empty()) tx->id = ids_.next(tx->request.start_ns);
  tx->decoding = decoding_;
  host_.transaction(*tx);
  plugin::Exchange exchange{tx, {}};
  for (const auto& plugin : plugins_) {
    if (!plugin->on_transaction(exchange, outlet_).ok()) ++counters_.plugin_errors;
  }
  for (const auto& plugin : plugins_) {
    if (!plugin->on_stack_done(exchange, outlet_).ok()) ++counters_.plugin_errors;
  }
  tx->decoded.drop();  // the transaction may wait in a queue for long
}

void Shard::on_dns_answer(const Connection& conn, const proto::DnsMessage& answer) {
  for (const Address& address : answer.addresses) {
    names_.add(conn.process.container_id, address, answer.question, now_ns_);
  }
}

void Shard::on_report(const Ref<Connection>& conn, bool finalized) {
  if (conn->l7 == L7Protocol::kDns && !audits_dns_) return;
  outlet_.emit_event(make_connection_event(*conn, system_, finalized));
}

}  // namespace qtap::session
