// SPDX-License-Identifier: Apache-2.0
#include "probe/exit_copies.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/kernel_setup.h"

// The generated header needs the types of the program's globals first.
#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// Calls of ours are not captured, and tell how the program runs.
bool is_needed(const qtap_bpf& first) {
  if (!first.rodata->config.task_storage) return false;  // no such kernel is that old
  ::recv(-1, nullptr, 0, 0);
  return __atomic_load_n(&first.bss->calls_are_preemptible, __ATOMIC_ACQUIRE) != 0;
}

int share_maps(const qtap_bpf& first, qtap_bpf& second) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, second.obj) {
    const bpf_map* has = bpf_object__find_map_by_name(first.obj, bpf_map__name(map));
    const bool is_made = has != nullptr && bpf_map__autocreate(has);
    const int error =
        is_made ? bpf_map__reuse_fd(map, bpf_map__fd(has)) : bpf_map__set_autocreate(map, false);
    if (error != 0) return error;
  }
  return 0;
}

// In this order: each takes what those before it missed.
std::array<bpf_program*, 3> copies_of(const qtap_bpf& skeleton) {
  return {skeleton.progs.on_sys_exit_2, skeleton.progs.on_sys_exit_3, skeleton.progs.on_sys_exit_4};
}

}  // namespace

Result<std::unique_ptr<ExitCopies>> ExitCopies::attach(qtap_bpf& first, bool always,
                                                       const LibbpfLog& log) {
  std::unique_ptr<ExitCopies> copies;
  if (!is_needed(first) && !always) return copies;
  copies.reset(new ExitCopies());
  copies->first_ = &first;
  copies->skeleton_ = qtap_bpf__open();
  if (copies->skeleton_ == nullptr) return start_error("open copies of a program", errno, log);
  qtap_bpf& others = *copies->skeleton_;
  // Their constants are those of the first one: the table that holds them is shared.
  int error = share_maps(first, others);
  if (error != 0) return start_error("share the tables", -error, log);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, others.obj) bpf_program__set_autoload(program, false);
  for (bpf_program* copy : copies_of(others)) bpf_program__set_autoload(copy, true);
  error = qtap_bpf__load(&others);
  if (error != 0) return start_error("load copies of a program", -error, log);
  // Before they are there, so that nothing is taken twice.
  __atomic_store_n(&first.bss->has_exit_copies, 1, __ATOMIC_RELEASE);
  for (bpf_program* copy : copies_of(others)) {
    bpf_link* link = bpf_program__attach(copy);
    if (link == nullptr) return start_error("attach copies of a program", errno, log);
    copies->links_.add(link);
  }
  return copies;
}

void ExitCopies::detach() {
  links_.clear();
}

ExitCopies::~ExitCopies() {
  detach();
  qtap_bpf__destroy(skeleton_);
}

uint64_t ExitCopies::missed(uint64_t by_first) const {
  const uint64_t taken = __atomic_load_n(&first_->bss->taken_by_copies, __ATOMIC_ACQUIRE);
  uint64_t most = by_first - std::min(by_first, taken);
  for (const bpf_program* copy : copies_of(*skeleton_))
    most = std::min(most, recursion_misses(copy));
  return most;
}

}  // namespace qtap::probe
