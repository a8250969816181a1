// SPDX-License-Identifier: Apache-2.0
#include "session/shard.h"

#include "session/build.h"

namespace qtap::session {

Shard::Shard(const Settings& settings, const source::Origin& origin, Host& host, Outlet& outlet,
             Unwanted unwanted)
    : host_(host),
      outlet_(outlet),
      system_{origin.hostname, settings.agent_name, origin.instance},
      unwanted_(std::move(unwanted)),
      plugins_(make_plugins(settings)),
      ids_(origin.id_seed),
      bodies_(plugins_, ids_, outlet, settings.capture.body_buffer),
      table_(make_conn_options(settings, plugins_, host, outlet), ids_, origin.boot_to_unix_ns,
             *this, *this) {}

Shard::~Shard() = default;

void Shard::on_record(const Record& record) {
  ++counters_.records;
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

bool Shard::on_connection(const Ref<Connection>& conn, Phase phase) {
  constexpr int kPhases[] = {QTAP_CONN_OPEN, QTAP_CONN_UPDATE, QTAP_CONN_CLOSE};
  return host_.connection(*conn, kPhases[static_cast<size_t>(phase)]);
}

void Shard::on_data(const Ref<Connection>& conn, Direction direction, int64_t time_ns,
                    uint64_t offset, uint64_t lost_before, std::span<const uint8_t> bytes) {
  host_.data(*conn, direction, time_ns, offset, lost_before, bytes);
}

void Shard::on_transaction(Ref<Transaction> tx) {
  bodies_.on_transaction(*tx->connection, *tx);
  if (tx->id.empty()) tx->id = ids_.next(tx->request.start_ns);
  host_.transaction(*tx);
  plugin::Exchange exchange{tx, {}};
  for (const auto& plugin : plugins_) {
    if (!plugin->on_transaction(exchange, outlet_).ok()) ++counters_.plugin_errors;
  }
  for (const auto& plugin : plugins_) {
    if (!plugin->on_stack_done(exchange, outlet_).ok()) ++counters_.plugin_errors;
  }
}

void Shard::on_report(const Ref<Connection>& conn, bool finalized) {
  outlet_.emit_event(make_connection_event(*conn, system_, finalized));
}

}  // namespace qtap::session
