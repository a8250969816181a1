// SPDX-License-Identifier: Apache-2.0
// In: process records. Out: Process for a pid, asked when a connection opens.
// The shard owns the table and uses it on its thread. It never looks at the machine: what the
// source told is all there is, so that a recording gives the same answers. At most kMaxProcesses
// are kept; the oldest one goes first, which only costs the process fields of connections that it
// opens later.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "model/connection.h"
#include "model/record.h"

namespace qtap::context {

class ProcessTable {
 public:
  // kernel.pid_max is 4 Mi at most (proc(5)); a machine runs far fewer at once.
  static constexpr size_t kMaxProcesses = 65536;

  // kProcessInfo, kExec or kExit.
  void on_record(const Record& record);

  // nullptr: nothing is known.
  const Process* find(uint32_t pid) const;
  size_t size() const { return by_pid_.size(); }

 private:
  Process& at(uint32_t pid);

  std::unordered_map<uint32_t, Process> by_pid_;
  std::deque<uint32_t> oldest_first_;
};

// First 12 hex characters of the container id in a cgroup path; empty when it names none. Knows
// Docker, containerd, CRI-O and podman: the last path part that holds 64 hex digits
// (docker-<id>.scope, cri-containerd-<id>.scope, <id>).
std::string_view container_id_of_cgroup(std::string_view cgroup_path);

}  // namespace qtap::context
