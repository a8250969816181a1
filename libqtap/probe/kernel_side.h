// SPDX-License-Identifier: Apache-2.0
// The BPF object: loads it with our settings, attaches what is there once per machine
// (tracepoints), reads its maps. LiveSource owns it. Detaching and freeing happen in stop() and the
// destructor; nothing is pinned.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bpf/shared/state.h"
#include "model/record.h"
#include "probe/budget.h"
#include "probe/exit_copies.h"
#include "probe/kernel_setup.h"
#include "probe/links.h"

struct bpf_link;
struct bpf_program;
struct qtap_bpf;

namespace qtap::probe {

struct LossTotals {
  std::array<uint64_t, kLossCauses> records = {};
  std::array<uint64_t, kLossCauses> bytes = {};
  bool operator==(const LossTotals&) const = default;
};

// Ends that found the ring full.
struct UnsentEnds {
  std::vector<qtap_unsent_close> closes;
  std::vector<qtap_rec_count> streams;
};

class KernelSide {
 public:
  static Result<std::unique_ptr<KernelSide>> load(const KernelSettings& settings);
  ~KernelSide();
  KernelSide(const KernelSide&) = delete;
  KernelSide& operator=(const KernelSide&) = delete;

  // Sockets and processes. QTAP_ERR_*: nothing works without them.
  Status attach_tracepoints();
  void detach();

  const std::vector<UniqueFd>& ring_fds() const { return ring_fds_; }
  // QTAP_WAKE_* of bpf/shared/state.h.
  void set_wake(uint32_t wake);

  // skip() will be used: streams look whether they are wanted, and bulk wakes the reader.
  void expect_skips();
  void skip(uint64_t stream_id, Direction direction, uint64_t until, SkipCause cause);

  // With budgets only: what each process took so far, and how much of it is captured from now on.
  std::vector<Budget::Cost> costs() const;
  void set_level(uint32_t pid, CaptureLevel level);
  void forget_process(uint32_t pid);

  LossTotals losses() const;
  // The TLS objects and sockets that the kernel side follows.
  void for_each_stream(
      const std::function<void(const qtap_stream_key&, const qtap_stream&)>& visit) const;
  void remove_stream(const qtap_stream_key& key);
  void for_each_socket(const std::function<void(const qtap_socket&)>& visit) const;
  // UDP sockets with their peers; how many there ever were.
  uint64_t flows_made() const;
  void for_each_flow(
      const std::function<void(const qtap_udp_key&, const qtap_udp_flow&)>& visit) const;
  void remove_flow(const qtap_udp_key& key);
  // Those since the last call.
  UnsentEnds take_unsent_ends();

  bool has_uprobe_multi() const { return features_.uprobe_multi; }
  // Why the kernel does not take our iterators; empty: it does.
  const std::string& iterators_refused() const { return iterators_refused_; }
  const qtap_bpf& skeleton() const { return *skeleton_; }
  const bpf_program* ssl_exit_program() const;
  const LibbpfLog::Print& libbpf_print() const { return libbpf_print_; }

 private:
  KernelSide() = default;
  Status load_programs(const KernelSettings& settings);

  qtap_bpf* skeleton_ = nullptr;
  std::vector<UniqueFd> ring_fds_;
  KernelFeatures features_;
  std::string iterators_refused_;
  int cpus_ = 0;
  uint64_t ends_taken_ = 0;
  LibbpfLog::Print libbpf_print_;
  ExitCopiesUse exit_copies_use_ = ExitCopiesUse::kAsNeeded;
  Links links_;
  std::unique_ptr<ExitCopies> exit_copies_;
};

}  // namespace qtap::probe
