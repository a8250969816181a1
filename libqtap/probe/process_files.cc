// SPDX-License-Identifier: Apache-2.0
#include "probe/process_files.h"

#include <dirent.h>

#include "probe/text_file.h"

namespace qtap::probe {
namespace {

constexpr size_t kMaxFileBytes = 65536;
constexpr std::string_view kDeleted = " (deleted)";  // appended by the kernel, fs/d_path.c

bool cut_deleted(std::string& path) {
  if (!path.ends_with(kDeleted)) return false;
  path.resize(path.size() - kDeleted.size());
  return true;
}

std::optional<uint32_t> status_number(std::string_view status, std::string_view key) {
  std::string_view line;
  while (next_line(status, line)) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    const auto number = parse_number(next_word(line));
    if (number && *number <= UINT32_MAX) return static_cast<uint32_t>(*number);
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> parse_start_ns(std::string_view stat_text) {
  const size_t name_end = stat_text.rfind(')');
  if (name_end == stat_text.npos) return std::nullopt;
  std::string_view rest = stat_text.substr(name_end + 1);
  std::string_view word;
  for (int field = 3; field <= 22; ++field) word = next_word(rest);
  const auto ticks = parse_number(word);
  if (!ticks || *ticks > UINT64_MAX / kNsPerProcTick) return std::nullopt;
  return *ticks * kNsPerProcTick;
}

std::string parse_cgroup(std::string_view cgroup_text) {
  std::string_view line;
  std::string_view best;
  while (next_line(cgroup_text, line)) {
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view path = line.substr(second + 1);
    if (line.starts_with("0::") && path != "/") return std::string(path);
    if (path.size() > best.size()) best = path;
  }
  return std::string(best);
}

std::optional<ProcessFacts> read_process(const std::string& proc_root, uint32_t pid) {
  const std::string base = proc_root + "/" + std::to_string(pid);
  const auto status = read_text_file(base + "/status", kMaxFileBytes);
  const auto stat = read_text_file(base + "/stat", kMaxFileBytes);
  if (!status || !stat) return std::nullopt;
  ProcessFacts facts;
  facts.ppid = status_number(*status, "PPid:").value_or(0);
  facts.uid = status_number(*status, "Uid:").value_or(0);
  facts.start_ns = parse_start_ns(*stat).value_or(0);
  facts.exe = read_link(base + "/exe");
  cut_deleted(facts.exe);
  facts.comm = read_text_file(base + "/comm", kMaxFileBytes).value_or("");
  if (facts.comm.ends_with('\n')) facts.comm.pop_back();
  facts.cgroup = parse_cgroup(read_text_file(base + "/cgroup", kMaxFileBytes).value_or(""));
  return facts;
}

std::vector<MappedFile> parse_maps(std::string_view maps_text,
                                   bool (*wanted)(std::string_view file_name)) {
  std::vector<MappedFile> files;
  std::string_view line;
  while (next_line(maps_text, line)) {
    const std::string_view range = next_word(line);
    const std::string_view flags = next_word(line);
    if (flags.size() < 3 || flags[2] != 'x') continue;
    next_word(line);  // offset
    const std::string_view device = next_word(line);
    const auto inode = parse_number(next_word(line));
    const size_t path_start = line.find('/');
    if (!inode || *inode == 0 || path_start == line.npos) continue;

    MappedFile file;
    file.path = std::string(line.substr(path_start));
    file.deleted = cut_deleted(file.path);
    if (!wanted(std::string_view(file.path).substr(file.path.rfind('/') + 1))) continue;
    const size_t dash = range.find('-');
    if (dash == range.npos) continue;
    const auto start = parse_number(range.substr(0, dash), 16);
    const auto end = parse_number(range.substr(dash + 1), 16);
    if (!start || !end) continue;
    file.start = *start;
    file.end = *end;
    file.device = std::string(device);
    file.inode = *inode;
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<uint32_t> list_processes(const std::string& proc_root) {
  std::vector<uint32_t> pids;
  DIR* dir = opendir(proc_root.c_str());
  if (dir == nullptr) return pids;
  while (const dirent* entry = readdir(dir)) {
    const auto pid = parse_number(entry->d_name);
    if (pid && *pid <= UINT32_MAX) pids.push_back(static_cast<uint32_t>(*pid));
  }
  closedir(dir);
  return pids;
}

}  // namespace qtap::probe
