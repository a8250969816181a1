// SPDX-License-Identifier: Apache-2.0
// In: a Config. Out: calls of the host's callbacks and sinks. The wiring, and the only code that
// knows all stages. Owns the source, the shard (conn, proto, plugin), the stores and the recorder;
// one thread at a time uses it. Only stop(), stats() and the stores' completions may come from
// other threads. What no stage could handle is counted in Stats; nothing else is dropped here.
#pragma once

#include <qtap/session.h>
#include <qtap/sink.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/config.h"
#include "model/record.h"

namespace qtap::session {

// What qtap_feed_open() is told about a connection; see struct qtap_peer. Views are copied.
struct Peer {
  uint32_t pid = 0;
  uint32_t uid = 0;
  std::string_view exe;
  std::string_view comm;
  std::string_view user;
  std::string_view container_id;
  Role role = Role::kUnknown;
  bool is_tls = false;
  Address local;
  Address remote;
};

struct Logger {
  qtap_log_fn fn = nullptr;
  void* user = nullptr;
};

class Session {
 public:
  // QTAP_ERR_INVALID: the options do not fit together; the text says how.
  static Result<std::unique_ptr<Session>> create(const Config& config, Logger logger);
  ~Session();

  // Before start only: QTAP_ERR_STATE. `callbacks` is already of this library's size.
  Status set_callbacks(const qtap_callbacks& callbacks, void* user);
  Status add_sink(const qtap_sink_ops& ops, void* user);

  // QTAP_OK or QTAP_WARN_PARTIAL (see warning()), or an error that leaves the session startable.
  Result<int> start();
  const std::string& warning() const;

  int fd() const;
  Result<int> poll(int timeout_ms);
  bool done() const;
  Status run();
  void stop();  // async-signal-safe
  Status flush(int timeout_ms);
  qtap_stats stats() const;  // any thread; as of the end of the last poll
  bool in_callback() const;  // the polling thread is inside a callback of the host
  const std::vector<std::string>& attached() const;

  Result<uint64_t> feed_open(const Peer& peer, uint64_t time_ns);
  Status feed_data(uint64_t id, Direction direction, uint64_t time_ns,
                   std::span<const uint8_t> bytes);
  Status feed_gap(uint64_t id, Direction direction, uint64_t len);
  Status feed_close(uint64_t id, uint64_t time_ns);
  Status feed_tick(uint64_t time_ns);

 private:
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qtap::session
