// SPDX-License-Identifier: Apache-2.0
// In: the caller's bytes. Out: the records that a capture of them would have given, before the call
// returns. The session owns it and calls it from its own thread. Nothing is dropped: what cannot
// become records is an error of the call and changes nothing.
#pragma once

#include <array>
#include <string>
#include <unordered_map>

#include "source/source.h"

namespace qtap::source {

// Who talks to whom; what is not known stays zero or empty.
struct FeedPeer {
  uint32_t pid = 0;
  uint32_t tid = 0;
  uint32_t uid = 0;
  std::string exe;
  std::string comm;
  std::string user;
  std::string cgroup;
  std::string container_id;
  Role role = Role::kUnknown;
  Address local;  // of the same family as remote
  Address remote;
  bool tls = false;
};

class FeedSource final : public Source {
 public:
  // As many as limits.connections tracks by default.
  static constexpr size_t kMaxOpen = 65536;

  explicit FeedSource(Origin origin, size_t max_open = kMaxOpen)
      : origin_(std::move(origin)), max_open_(max_open) {}

  // Times are on the clock of Origin (boot_to_unix_ns 0: nanoseconds since 1970) and never go back
  // on one connection. QTAP_ERR_LIMIT: too many are open. QTAP_ERR_NOTFOUND: the id was never given
  // out, or it is closed. QTAP_ERR_INVALID: a time goes back or is out of range, no bytes, a text
  // is too long, the addresses differ in family. A sink that asks to stop gets the rest of the call
  // all the same: it could not be delivered later.
  Result<uint64_t> open(RecordSink& sink, const FeedPeer& peer, uint64_t time_ns);
  Status data(RecordSink& sink, uint64_t id, Direction direction, uint64_t time_ns,
              std::span<const uint8_t> bytes);
  // `len` bytes are missing where the direction stands, at the last time of the connection.
  Status gap(RecordSink& sink, uint64_t id, Direction direction, uint64_t len);
  Status close(RecordSink& sink, uint64_t id, uint64_t time_ns);
  Status tick(RecordSink& sink, uint64_t time_ns);

  const Origin& origin() const override { return origin_; }
  Status start() override { return {}; }
  Result<int> poll(RecordSink&, int) override { return 0; }
  int fd() const override { return -1; }
  bool exhausted() const override { return false; }
  void stop() override {}

 private:
  struct Connection {
    uint32_t pid = 0;
    uint32_t tid = 0;
    bool tls = false;
    uint64_t time_ns = 0;
    std::array<uint64_t, 2> offset = {};
  };

  Result<Connection*> find(uint64_t id);
  Result<Connection*> find_at(uint64_t id, uint64_t time_ns);
  void introduce(RecordSink& sink, const FeedPeer& peer, uint64_t time_ns);

  Origin origin_;
  size_t max_open_;
  uint64_t last_id_ = 0;
  uint64_t last_tick_ns_ = 0;
  bool pid_zero_told_ = false;  // a process without a pid was introduced
  std::unordered_map<uint64_t, Connection> open_;
};

}  // namespace qtap::source
