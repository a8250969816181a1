// SPDX-License-Identifier: Apache-2.0
// Copies of the program at the end of system calls, for kernels that can preempt it (7.x): they
// take the calls that the first one missed (bpf/syscall.bpf.c).
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "probe/libbpf_log.h"
#include "probe/links.h"

struct qtap_bpf;

namespace qtap::probe {

class ExitCopies {
 public:
  // `first` is loaded and attached; its maps are shared. Null: not needed, which calls of ours
  // show, unless there are to be copies anyway. QTAP_ERR_*: needed, and refused by the kernel.
  static Result<std::unique_ptr<ExitCopies>> attach(qtap_bpf& first, bool always,
                                                    const LibbpfLog& log);
  ~ExitCopies();
  ExitCopies(const ExitCopies&) = delete;
  ExitCopies& operator=(const ExitCopies&) = delete;

  void detach();  // what they missed is still known

  // How many calls were taken by none at most, when the first one missed so many: a call is lost
  // only if each was missed by some call. Calls count that are none of ours, so the truth may be
  // less.
  uint64_t missed(uint64_t by_first) const;

 private:
  ExitCopies() = default;

  const qtap_bpf* first_ = nullptr;
  qtap_bpf* skeleton_ = nullptr;
  Links links_;
};

}  // namespace qtap::probe
