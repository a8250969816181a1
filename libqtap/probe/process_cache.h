// SPDX-License-Identifier: Apache-2.0
// In: pids and EXEC/EXIT records as they come from the ring. Out: one kProcessInfo record per
// process image. LiveSource owns it, on the thread that polls. At most kMaxProcesses are
// remembered; one that was forgotten is told about again.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "model/record.h"
#include "probe/found_library.h"
#include "probe/process_files.h"
#include "probe/user_names.h"

namespace qtap::probe {

class ProcessCache {
 public:
  static constexpr size_t kMaxProcesses = 8192;

  ProcessCache(std::string proc_root, std::string passwd_path)
      : proc_root_(std::move(proc_root)), users_(std::move(passwd_path)) {}

  // Looks the process up in /proc unless that was done already. Returns the record to deliver, or
  // nullptr when it was told before or nothing is known. The record is valid until the next call.
  const Record* introduce(uint32_t pid, uint64_t now_ns);

  // A new image: what was known is void, and the record's own facts serve if /proc has forgotten
  // the process.
  void on_exec(const Record& record);
  void on_exit(uint32_t pid);
  // What a look into the process found, which began at `looked_ns` (CLOCK_BOOTTIME): it may come
  // before on_exec() of the image that it was of. True: that is news, and introduce() tells it once
  // more.
  bool learn_tls_library(uint32_t pid, const FoundLibrary& found, uint64_t looked_ns);
  TlsLibrary tls_library(uint32_t pid) { return entry(pid).found.library; }

  size_t size() const { return by_pid_.size(); }

 private:
  struct Entry {
    uint32_t pid = 0;
    bool told = false;
    bool from_exec = false;
    FoundLibrary found;
    uint64_t looked_ns = 0;
    ProcessFacts facts;
    std::string user;
  };
  Entry& entry(uint32_t pid);

  std::string proc_root_;
  UserNames users_;
  std::list<Entry> newest_first_;
  std::unordered_map<uint32_t, std::list<Entry>::iterator> by_pid_;
  Record record_;
};

}  // namespace qtap::probe
