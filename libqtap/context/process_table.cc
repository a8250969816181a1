// SPDX-License-Identifier: Apache-2.0
#include "context/process_table.h"

#include <algorithm>

namespace qtap::context {
namespace {

constexpr size_t kContainerIdLen =
    64;  // SHA-256 in hex: what every OCI runtime in use names its cgroups after
constexpr size_t kShortIdLen = 12;  // what `docker ps` prints; spec/events-and-objects.md 1

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

}  // namespace

std::string_view container_id_of_cgroup(std::string_view path) {
  size_t end = path.size();
  while (end > 0) {
    size_t start = end;
    while (start > 0 && is_hex(path[start - 1])) --start;
    if (end - start == kContainerIdLen) return path.substr(start, kShortIdLen);
    end = start == end ? end - 1 : start;
  }
  return {};
}

Process& ProcessTable::at(uint32_t pid) {
  auto [it, inserted] = by_pid_.try_emplace(pid);
  if (inserted) {
    it->second.pid = pid;
    oldest_first_.push_back(pid);
    if (by_pid_.size() > kMaxProcesses) {
      by_pid_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
  }
  return it->second;
}

void ProcessTable::on_record(const Record& record) {
  if (record.type == RecordType::kExit) {
    if (by_pid_.erase(record.pid) != 0) {
      oldest_first_.erase(std::find(oldest_first_.begin(), oldest_first_.end(), record.pid));
    }
    return;
  }
  Process& process = at(record.pid);
  process.ppid = record.ppid;
  process.uid = record.uid;
  process.comm = record.comm;
  if (!record.exe.empty()) process.exe = record.exe;
  if (record.type == RecordType::kExec) {
    process.tls_library = TlsLibrary::kUnknown;
    process.probed_ns = 0;
  }
  if (record.type != RecordType::kProcessInfo) return;
  process.known = true;
  if (record.tls_library != TlsLibrary::kUnknown) {
    process.tls_library = record.tls_library;
    process.probed_ns = record.probed_ns;
  }
  process.user = record.user;
  process.cgroup = record.cgroup;
  process.container_id = record.container_id.empty() ? container_id_of_cgroup(record.cgroup)
                                                     : record.container_id.substr(0, kShortIdLen);
}

const Process* ProcessTable::find(uint32_t pid) const {
  const auto it = by_pid_.find(pid);
  return it == by_pid_.end() ? nullptr : &it->second;
}

}  // namespace qtap::context
