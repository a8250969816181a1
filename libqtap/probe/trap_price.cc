// SPDX-License-Identifier: Apache-2.0
#include "probe/trap_price.h"

#include <bpf/bpf.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/fd.h"
#include "probe/kernel_setup.h"

namespace qtap::probe {
namespace {

constexpr int kRounds = 8;
constexpr int kCallsPerRound = 256;

// Its first instruction is a no-op, which the kernel emulates as it does those of our places. Also
// without probes the call takes a nanosecond or two, which does not matter.
[[gnu::noinline, gnu::patchable_function_entry(1)]] int traced(int x) {
  asm volatile("" : "+r"(x));
  return x + 1;
}

uint64_t now_ns() {
  timespec t = {};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

struct Place {
  std::string path;
  unsigned long offset = 0;
};

// The file and the offset in it from which the function is mapped: proc(5), maps.
Place place_of(uintptr_t address) {
  Place place;
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return place;
  char line[4096 + 128];
  while (place.path.empty() && fgets(line, sizeof line, maps) != nullptr) {
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long offset = 0;
    int path = 0;
    if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &start, &end, &offset, &path) < 3) continue;
    if (address < start || address >= end || path == 0) continue;
    place.path.assign(line + path, strcspn(line + path, "\n"));
    place.offset = address - start + offset;
  }
  fclose(maps);
  if (place.path.ends_with(" (deleted)")) place.path.clear();
  return place;
}

UniqueFd attach(const Place& place, int program, uint32_t flags) {
  const char* path = place.path.c_str();
  bpf_link_create_opts create = {};
  create.sz = sizeof(create);
  create.uprobe_multi.path = path;
  create.uprobe_multi.offsets = &place.offset;
  create.uprobe_multi.cnt = 1;
  create.uprobe_multi.flags = flags;
  create.uprobe_multi.pid = static_cast<uint32_t>(getpid());
  return UniqueFd(bpf_link_create(program, -1, BPF_TRACE_UPROBE_MULTI, &create));
}

}  // namespace

TrapPrice measure_trap_price() {
  TrapPrice price;
  const Place place = place_of(reinterpret_cast<uintptr_t>(&traced));
  if (place.path.empty()) {
    price.why_usual = "the library's own file is not there any more";
    return price;
  }
  const UniqueFd program = load_empty_uprobe("qtap_price");
  const UniqueFd entry = attach(place, program.get(), 0);
  const UniqueFd exit = attach(place, program.get(), BPF_F_UPROBE_MULTI_RETURN);
  if (!program || !entry || !exit) {
    price.why_usual = "no probe could be put on a function of our own";
    return price;
  }
  uint64_t best = UINT64_MAX;  // of several: whatever interrupts makes it dearer
  int x = 0;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t began = now_ns();
    for (int i = 0; i < kCallsPerRound; ++i) x = traced(x);
    best = std::min(best, (now_ns() - began) / kCallsPerRound);
  }
  price.ns = static_cast<uint32_t>(std::min<uint64_t>(best, 1'000'000));
  return price;
}

}  // namespace qtap::probe
