// SPDX-License-Identifier: Apache-2.0
// What is decided before the BPF object is loaded: what this kernel can run (found by trying, not
// by its version), which programs and tables that needs, and the constants of the kernel side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "probe/libbpf_log.h"

struct bpf_program;
struct qtap_bpf;

namespace qtap::probe {

// Of the program at the end of system calls (probe/exit_copies.h). For tests: there although
// nothing is missed, and as if everything was.
enum class ExitCopiesUse : uint8_t { kAsNeeded, kAlways, kAlone };

struct KernelSettings {
  size_t ring_bytes = 16u << 20;  // of each ring
  uint32_t rings = 1;
  uint32_t self_pid = 0;
  uint32_t hello_bytes = 4096;
  uint32_t unknown_bytes = 1024;
  uint32_t max_call_bytes = 64u << 20;
  bool budgets = false;  // measure what each process costs
  uint32_t trap_ns = 0;  // of that, the price of a traced call beside the programs
  // For tests of what older kernels run.
  bool without_uprobe_multi = false;
  bool without_bpf_loop = false;
  bool without_iterators = false;
  ExitCopiesUse exit_copies = ExitCopiesUse::kAsNeeded;
  uint64_t max_older =
      UINT64_MAX;                 // connections that are older than us; the table has a limit, too
  LibbpfLog::Print libbpf_print;  // what libbpf says, on the thread that calls
};

struct KernelFeatures {
  bool uprobe_multi = false;  // one link for all functions of a library: 6.6
  bool bpf_loop = false;      // 5.17
  bool iterators = true;      // over the files of all processes; whoever loads finds out: 5.8
  bool sparse_maps = false;   // entries on demand, also for tracing programs: 6.1

  static KernelFeatures find(const KernelSettings& settings);
};

// What went wrong at `what`, with libbpf's reason: "QT042: start live capture: ...".
Error start_error(const char* what, int error, const LibbpfLog& log);

// How often the kernel did not run it, since it was running already on that CPU (told from 5.12
// on).
uint64_t recursion_misses(const bpf_program* program);

// A program for uprobe_multi that does nothing; empty: the kernel has no such programs (6.6).
UniqueFd load_empty_uprobe(const char* name);

// Writes settings and the choice of programs into an open skeleton; returns the rings that its
// programs will write to, which put_rings() enters into their table once it is loaded.
Result<std::vector<UniqueFd>> set_up(qtap_bpf& skeleton, const KernelSettings& settings,
                                     const KernelFeatures& features, const LibbpfLog& log);
Status put_rings(const qtap_bpf& skeleton, const std::vector<UniqueFd>& rings,
                 const LibbpfLog& log);

}  // namespace qtap::probe
