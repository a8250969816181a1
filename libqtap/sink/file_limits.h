// SPDX-License-Identifier: Apache-2.0
// In: the object files of one directory, those that are there at the start and those that come.
// Out: the oldest are gone while there are more bytes than may be, or when they are older than may
// be; they are counted. Knows only files that are named as objects are,
// <dir>/<two hex digits>/<digest>: nothing else is ever removed. One thread, but for removed().
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace qtap::sink {

class FileLimits {
 public:
  // 0: no limit.
  FileLimits(std::string dir, uint64_t max_bytes, int64_t max_age_ns)
      : dir_(std::move(dir)), max_bytes_(max_bytes), max_age_ns_(max_age_ns) {}

  bool is_on() const { return max_bytes_ != 0 || max_age_ns_ != 0; }
  // Looks for what is there. What cannot be read is left out.
  void scan();
  // "ab/abcd...", written or used again at that time, since 1970 UTC. QTAP_ERR_LIMIT: it is larger
  // than all may be together, and would push out everything for nothing.
  Status check(std::string_view name, uint64_t size) const;
  void add(std::string_view name, uint64_t size, int64_t time_ns);
  void trim(int64_t now_ns);

  uint64_t bytes() const { return bytes_; }
  uint64_t removed() const { return removed_; }  // any thread

 private:
  struct File {
    int64_t time_ns;
    std::string name;
    uint64_t size;
    bool operator<(const File& other) const {
      return time_ns != other.time_ns ? time_ns < other.time_ns : name < other.name;
    }
  };

  void scan_folder(const std::string& folder);
  void forget(std::string_view name);

  const std::string dir_;
  const uint64_t max_bytes_;
  const int64_t max_age_ns_;
  std::set<File> files_;                            // the oldest first
  std::unordered_map<std::string, int64_t> times_;  // by name
  uint64_t bytes_ = 0;
  std::atomic<uint64_t> removed_{0};
};

}  // namespace qtap::sink
