// SPDX-License-Identifier: Apache-2.0
// What /proc tells about a process, parsed from its texts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::probe {

struct ProcessFacts {
  uint32_t ppid = 0;
  uint32_t uid = 0;
  uint64_t start_ns = 0;  // CLOCK_BOOTTIME, in steps of 10 ms
  std::string exe;
  std::string comm;
  std::string cgroup;
};

// USER_HZ: the unit of times in /proc, 100 on every architecture we run on (asm-generic/param.h).
constexpr uint64_t kNsPerProcTick = 10'000'000;

// nullopt: the process is gone.
std::optional<ProcessFacts> read_process(const std::string& proc_root, uint32_t pid);

// Field 22 of /proc/PID/stat in nanoseconds; field 2 may hold blanks and parentheses.
std::optional<uint64_t> parse_start_ns(std::string_view stat_text);

// The path of cgroup v2 ("0::/path"); on hybrid systems, where that is "/", the longest one of v1.
std::string parse_cgroup(std::string_view cgroup_text);

// An executable mapping of a file.
struct MappedFile {
  uint64_t start = 0;
  uint64_t end = 0;
  std::string device;  // "fd:01", as written
  uint64_t inode = 0;
  std::string path;
  bool deleted = false;
};

// The executable mappings of /proc/PID/maps whose file name passes `wanted`; lines that do not
// parse are skipped.
std::vector<MappedFile> parse_maps(std::string_view maps_text,
                                   bool (*wanted)(std::string_view file_name));

// The processes of proc_root.
std::vector<uint32_t> list_processes(const std::string& proc_root);

}  // namespace qtap::probe
