// SPDX-License-Identifier: Apache-2.0
// A live source whose records are kept.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probe/live_source.h"
#include "programs.h"

namespace qtap::test {

// A record with copies of what it points to.
struct Kept {
  Record record;
  std::string bytes;
  std::string exe;
  std::string comm;
  std::string user;
  std::string cgroup;
};

// The bytes of one direction of a stream, put together by their offsets.
struct Assembled {
  std::string bytes;       // missing bytes are '?'
  uint64_t missing = 0;    // bytes of [0, end) that no record held
  bool contiguous = true;  // every record began where the one before ended
};

class Capture : public source::RecordSink {
 public:
  // Fails the test when the source does not start.
  explicit Capture(const probe::LiveOptions& options);

  bool on_record(const Record& record) override;

  // Polls until `done` or half a minute has passed (machines under load); returns done().
  bool poll_until(const std::function<bool()>& done);
  // Polls until a tick that is younger than now: everything that has happened was delivered.
  void settle();
  void stop();

  source::Source& source() { return *source_; }
  const std::vector<Kept>& records() const { return records_; }
  std::vector<const Kept*> of(RecordType type, pid_t pid = 0) const;
  const Kept* first(RecordType type, pid_t pid) const;
  const Kept* close_of(uint64_t conn_key) const;
  Assembled assemble(uint64_t stream_id, Direction direction) const;
  // Streams of that kind that the process has data in.
  std::vector<uint64_t> streams(pid_t pid, StreamKind kind) const;
  uint64_t lost(size_t cause) const;

  bool one_at_a_time = false;  // ask for one record per poll, and have the sink stop after it

 private:
  std::unique_ptr<source::Source> source_;
  std::vector<Kept> records_;
  uint64_t last_tick_ns_ = 0;
};

probe::LiveOptions live_options();
// Runs the program and waits for its EXIT record.
pid_t run(Capture& capture, const std::vector<std::string>& argv);

}  // namespace qtap::test
