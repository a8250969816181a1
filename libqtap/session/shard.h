// SPDX-License-Identifier: Apache-2.0
// In: Record. Out: everything that one thread makes of it. The unit of scale: connections, parsers
// and plugins of one ring, on one thread, sharing nothing with other shards but counters and
// stores' queues. A session has one today.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/id_maker.h"
#include "conn/table.h"
#include "context/name_table.h"
#include "context/process_table.h"
#include "model/event_json.h"
#include "model/settings.h"
#include "plugin/plugin.h"
#include "session/body_streams.h"
#include "session/outlet.h"
#include "source/source.h"

namespace qtap::session {

struct ShardCounters {
  uint64_t records = 0;
  uint64_t plugin_errors = 0;
  uint64_t budget_steps = 0;
  std::array<uint64_t, kLossCauses> lost_records = {};  // by cause, see bpf/shared/records.h
};

class Shard final : private conn::ConnEvents, private conn::ProcessLookup {
 public:
  using Unwanted =
      std::function<void(uint64_t stream_id, Direction direction, uint64_t until, SkipCause cause)>;

  // `unwanted` is called from inside on_record(): bytes that need not come.
  Shard(const Settings& settings, std::vector<std::unique_ptr<plugin::Plugin>> plugins,
        const source::Origin& origin, Host& host, Outlet& outlet, Ref<Decoding> decoding,
        Unwanted unwanted);
  ~Shard() override;

  void on_record(const Record& record);
  // The end of the capture: final reports of everything that is open.
  void close() { table_.close_all(); }

  const ShardCounters& counters() const { return counters_; }
  const conn::Table& connections() const { return table_; }
  uint64_t names_forgotten() const { return names_.forgotten(); }
  bool may_skip() const { return table_.options().may_skip; }
  uint64_t rule_errors() const;
  const Process* find_process(uint32_t pid) const override { return processes_.find(pid); }

 private:
  bool on_connection(const Ref<Connection>& conn, Phase phase) override;
  void on_data(const Ref<Connection>& conn, Direction direction, int64_t time_ns, uint64_t offset,
               uint64_t lost_before, std::span<const uint8_t> bytes) override;
  void on_transaction(Ref<Transaction> tx) override;
  void on_gone(const Connection& conn) noexcept override;
  conn::Need need_of(const Connection& conn) override;
  void on_body(const Ref<Connection>& conn, Transaction& tx, const BodyPiece& piece,
               bool wanted) override {
    bodies_.on_piece(conn, tx, piece, wanted);
  }
  void on_body_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end,
                   bool wanted) override {
    bodies_.on_end(conn, tx, end, wanted);
  }
  void on_message(const Ref<Connection>& conn, Transaction& tx,
                  const StreamMessage& message) override;
  void on_unwanted(uint64_t stream_id, Direction direction, uint64_t until,
                   SkipCause cause) override {
    unwanted_(stream_id, direction, until, cause);
  }
  void on_report(const Ref<Connection>& conn, bool finalized) override;
  void on_dns_answer(const Connection& conn, const proto::DnsMessage& answer) override;
  std::string_view name_of_remote(const Connection& conn) override {
    return names_.find(conn.process.container_id, conn.remote, now_ns_);
  }

  Host& host_;
  Outlet& outlet_;
  SystemInfo system_;
  Unwanted unwanted_;
  std::vector<std::unique_ptr<plugin::Plugin>> plugins_;
  context::ProcessTable processes_;
  context::NameTable names_;
  int64_t boot_to_unix_ns_;
  int64_t now_ns_ = 0;
  bool audits_dns_;  // tap.audit_include_dns
  Ref<Decoding> decoding_;
  IdMaker ids_;
  BodyStreams bodies_;
  ShardCounters counters_;
  conn::Table table_;
};

}  // namespace qtap::session
