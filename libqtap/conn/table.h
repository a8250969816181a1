// SPDX-License-Identifier: Apache-2.0
// In: Record. Out: bytes per direction, gaps, transactions and reports, through ConnEvents.
// The shard owns the table and uses it on its thread; the table owns connections and their parsers.
// Connections beyond limits.connections are counted (untracked) and their records dropped (of more
// than as many again only until they end, so that they may count twice); a gap is
// a length, never silence; what a parser gives up is a transaction marked truncated.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/id_maker.h"
#include "conn/tracked.h"

namespace qtap::conn {

// Finds the process of a pid when a connection opens.
class ProcessLookup {
 public:
  virtual ~ProcessLookup() = default;
  virtual const Process* find_process(uint32_t pid) const = 0;
};

class Table {
 public:
  Table(const ConnOptions& options, IdMaker& ids, int64_t boot_to_unix_ns,
        const ProcessLookup& processes, ConnEvents& events);
  ~Table();

  // Every record type; those that are not about connections only move the clock.
  void on_record(const Record& record);
  // Closes everything that is open, as at the end of a capture.
  void close_all();

  const ConnCounters& counters() const { return counters_; }
  const ConnOptions& options() const { return options_; }
  size_t open() const { return sockets_.size() + orphans_.size(); }

 private:
  void on_open(const Record& record);
  void on_bind(const Record& record);
  void on_data(const Record& record);
  void on_count(const Record& record);
  void on_close(const Record& record);
  void on_stream_end(const Record& record);
  void on_exit(const Record& record);
  void on_process_info(const Record& record);
  void on_level(const Record& record);
  CaptureLevel level_of(uint32_t pid) const;
  void on_tick();

  Tracked* socket(const Record& record);
  Tracked* tls_stream(const Record& record);
  std::unique_ptr<Tracked> make(const Record& record);
  void attach(uint64_t stream_id, Tracked& tracked);
  Tracked* join(uint64_t conn_key, std::unique_ptr<Tracked> orphan);
  void finish_socket(uint64_t conn_key, http::Truncation reason);
  void finish_orphan(uint64_t stream_id, http::Truncation reason);
  void retire(Tracked& tracked, http::Truncation reason);
  void settle_early_ends();
  void count_lost(const Record& end);
  bool has_room(uint64_t key);

  ConnOptions options_;
  IdMaker& ids_;
  int64_t boot_to_unix_ns_;
  const ProcessLookup& processes_;
  ConnEvents& events_;
  ConnCounters counters_;
  int64_t now_ns_ = 0;

  std::unordered_map<uint64_t, std::unique_ptr<Tracked>> sockets_;  // by conn_key
  std::unordered_map<uint64_t, std::unique_ptr<Tracked>>
      orphans_;                                     // by stream_id: TLS whose socket is not known
  std::unordered_map<uint64_t, Tracked*> streams_;  // by stream_id: every live TLS stream
  std::unordered_set<uint64_t> lingering_;          // conn_key: closed, waits for its TLS object
  std::vector<Record> early_ends_;                  // kStreamEnd: their socket is not known yet
  std::unordered_map<uint32_t, CaptureLevel> levels_;  // by pid: of those below kFull
  std::unordered_set<uint64_t> untracked_;  // conn_key, stream_id: there was no room for them
};

}  // namespace qtap::conn
