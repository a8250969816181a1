// SPDX-License-Identifier: Apache-2.0
// What the kernel's verifier says about each program of the BPF object, one line per program.
//   loader           each program alone: "program NAME loads INSNS" or "program NAME refused E"
//                    with the end of the verifier's log as "verifier NAME TEXT"
//   loader running   what is loaded right now: "running NAME INSNS MISSED" (INSNS: 0 before
//                    Linux 5.16) and "link KIND COUNT"
// MISSED: how often the kernel did not run it, since it was running on that CPU already (5.12).
// INSNS is the number of instructions that the verifier processed. Linux 5.16 tells it of a loaded
// program; the log tells it on all kernels. NAME is the kernel's, cut to 15 bytes.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/kernel_setup.h"

#include <qtap_bpf.skel.h>

namespace {

constexpr unsigned kLogStats = 4;  // BPF_LOG_STATS, include/linux/bpf_verifier.h (5.2)
constexpr size_t kLogBytes = 4u << 20;
constexpr size_t kNameBytes = 15;  // BPF_OBJ_NAME_LEN without its NUL
constexpr size_t kTailLines = 12;

int keep_quiet(libbpf_print_level, const char*, va_list) {
  return 0;
}

std::string short_name(const char* name) {
  return std::string(name).substr(0, kNameBytes);
}

void print_tail(const std::string& name, const std::string& log) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < log.size();) {
    const size_t end = std::min(log.find('\n', at), log.size());
    lines.push_back(log.substr(at, end - at));
    at = end + 1;
  }
  for (size_t i = lines.size() - std::min(lines.size(), kTailLines); i < lines.size(); ++i)
    std::printf("verifier %s %s\n", name.c_str(), lines[i].c_str());
}

// Alone, so that one that is refused does not hide the others. With `budgets` the program is
// longer, and only told about when it is refused. Returns whether it loads.
bool load_alone(size_t index, bool budgets) {
  qtap_bpf* skeleton = qtap_bpf__open();
  if (skeleton == nullptr) {
    std::perror("qtap_bpf__open");
    std::exit(1);
  }
  // The verifier takes read-only data for constants and skips what they rule out, so the counts
  // only mean something with the values that KernelSide::load() writes.
  qtap::probe::KernelSettings settings;
  settings.self_pid = static_cast<uint32_t>(getpid());
  settings.budgets = budgets;
  const qtap::probe::LibbpfLog quiet;
  const auto rings =
      set_up(*skeleton, settings, qtap::probe::KernelFeatures::find(settings), quiet);
  if (!rings.ok()) {
    std::fprintf(stderr, "%s\n", message_of(rings.error()).c_str());
    std::exit(1);
  }
  bpf_program* program = nullptr;
  bpf_program* chosen = nullptr;
  size_t at = 0;
  bpf_object__for_each_program(program, skeleton->obj) {
    const bool wanted = at++ == index;
    bpf_program__set_autoload(program, wanted);
    if (wanted) chosen = program;
  }
  const std::string name = short_name(bpf_program__name(chosen));
  std::vector<char> buffer(kLogBytes);
  bpf_program__set_log_level(chosen, kLogStats);
  bpf_program__set_log_buf(chosen, buffer.data(), buffer.size());
  const int error = qtap_bpf__load(skeleton);
  const std::string log(buffer.data());
  const size_t processed = log.rfind("processed ");
  if (error == 0 && budgets) {
    // Nothing: docs/kernels.md is about what runs without.
  } else if (error == 0 && processed != log.npos) {
    const unsigned long insns =
        std::strtoul(log.c_str() + processed + strlen("processed "), nullptr, 10);
    std::printf("program %s loads %lu\n", name.c_str(), insns);
  } else {
    std::printf("%s %s refused %d\n", budgets ? "budgets" : "program", name.c_str(), -error);
    print_tail(name, log);
  }
  qtap_bpf__destroy(skeleton);
  return error == 0;
}

int load_each() {
  qtap_bpf* skeleton = qtap_bpf__open();
  if (skeleton == nullptr) return 1;
  size_t count = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj)++ count;
  qtap_bpf__destroy(skeleton);
  for (size_t i = 0; i < count; ++i) {
    if (load_alone(i, /*budgets=*/false)) load_alone(i, /*budgets=*/true);
  }
  return 0;
}

const char* link_kind(const bpf_link_info& info) {
  switch (info.type) {
    case BPF_LINK_TYPE_RAW_TRACEPOINT:
      return "raw_tp";
    case BPF_LINK_TYPE_TRACING:
      return "tracing";
    case BPF_LINK_TYPE_PERF_EVENT:
      return "perf";
    case BPF_LINK_TYPE_UPROBE_MULTI:
      return "uprobe_multi";
    default:
      return "other";
  }
}

int list_running() {
  uint32_t id = 0;
  while (bpf_prog_get_next_id(id, &id) == 0) {
    const int fd = bpf_prog_get_fd_by_id(id);
    if (fd < 0) continue;
    bpf_prog_info info = {};
    uint32_t info_bytes = sizeof(info);
    if (bpf_prog_get_info_by_fd(fd, &info, &info_bytes) == 0)
      std::printf("running %s %u %llu\n", info.name, info.verified_insns,
                  static_cast<unsigned long long>(info.recursion_misses));
    close(fd);
  }
  std::map<std::string, int> links;
  id = 0;
  while (bpf_link_get_next_id(id, &id) == 0) {
    const int fd = bpf_link_get_fd_by_id(id);
    if (fd < 0) continue;
    bpf_link_info info = {};
    uint32_t info_bytes = sizeof(info);
    if (bpf_link_get_info_by_fd(fd, &info, &info_bytes) == 0) ++links[link_kind(info)];
    close(fd);
  }
  for (const auto& [kind, count] : links) std::printf("link %s %d\n", kind.c_str(), count);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  libbpf_set_print(keep_quiet);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  return argc > 1 && strcmp(argv[1], "running") == 0 ? list_running() : load_each();
}
