// SPDX-License-Identifier: Apache-2.0
#include "probe/process_cache.h"

namespace qtap::probe {

ProcessCache::Entry& ProcessCache::entry(uint32_t pid) {
  if (const auto it = by_pid_.find(pid); it != by_pid_.end()) {
    newest_first_.splice(newest_first_.begin(), newest_first_, it->second);
    return *it->second;
  }
  newest_first_.emplace_front().pid = pid;
  by_pid_[pid] = newest_first_.begin();
  if (by_pid_.size() > kMaxProcesses) {
    by_pid_.erase(newest_first_.back().pid);
    newest_first_.pop_back();
  }
  return newest_first_.front();
}

const Record* ProcessCache::introduce(uint32_t pid, uint64_t now_ns) {
  Entry& process = entry(pid);
  if (process.told) return nullptr;
  process.told = true;
  if (auto facts = read_process(proc_root_, pid)) {
    if (process.from_exec) {
      facts->start_ns = process.facts.start_ns;
      if (facts->exe.empty()) facts->exe = process.facts.exe;
    }
    process.facts = *std::move(facts);
  } else if (process.facts.start_ns == 0) {
    return nullptr;
  }
  process.user = users_.name_of(process.facts.uid);

  record_ = {};
  record_.type = RecordType::kProcessInfo;
  record_.time_ns = now_ns;
  record_.pid = pid;
  record_.tid = pid;
  record_.ppid = process.facts.ppid;
  record_.uid = process.facts.uid;
  record_.start_ns = process.facts.start_ns;
  record_.exe = process.facts.exe;
  record_.comm = process.facts.comm;
  record_.user = process.user;
  record_.cgroup = process.facts.cgroup;
  record_.tls_library = process.found.library;
  record_.probed_ns = process.found.probed_ns;
  return &record_;
}

void ProcessCache::on_exec(const Record& record) {
  Entry& process = entry(record.pid);
  process.told = false;
  process.from_exec = true;
  if (process.looked_ns < record.time_ns) process.found = {};
  process.facts = {};
  process.facts.ppid = record.ppid;
  process.facts.uid = record.uid;
  process.facts.start_ns = record.start_ns;
  process.facts.exe = record.exe;
  process.facts.comm = record.comm;
}

bool ProcessCache::learn_tls_library(uint32_t pid, const FoundLibrary& found, uint64_t looked_ns) {
  Entry& process = entry(pid);
  if (found.library == TlsLibrary::kUnknown) return false;
  process.looked_ns = looked_ns;
  if (found.library == process.found.library) return false;
  process.found = found;
  process.told = false;
  return true;
}

void ProcessCache::on_exit(uint32_t pid) {
  const auto it = by_pid_.find(pid);
  if (it == by_pid_.end()) return;
  newest_first_.erase(it->second);
  by_pid_.erase(it);
}

}  // namespace qtap::probe
