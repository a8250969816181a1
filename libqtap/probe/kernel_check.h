// SPDX-License-Identifier: Apache-2.0
// Can this process capture on this kernel? Asked before anything is loaded, so that the answer
// names what is missing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap::probe {

// `release` as in uname -r. Linux 5.10 brought what we need last (BPF ring buffer 5.8, CAP_BPF 5.8,
// tp_btf 5.5).
Status check_release(std::string_view release);

// `text`: /sys/kernel/security/lockdown, e.g. "none [integrity] confidentiality".
Status check_lockdown(std::string_view text);

// `effective`: CapEff of /proc/self/status. `need_admin`: uprobes go through perf (before
// Linux 6.6).
Status check_capabilities(uint64_t effective, bool need_admin);

// `link`: what /proc/self/ns/pid points to. BPF tells pids of the initial pid namespace; /proc, and
// the pid that we call our own, must mean the same. A link of a procfs that is mounted elsewhere
// serves as well: it tells the namespace of this process, and is missing where the procfs belongs
// to one that this process is not in.
Status check_pid_namespace(const std::string& path, std::string_view link);

// All of it; the roots are /sys and /proc.
Status check_machine(const std::string& sys_root, const std::string& proc_root);

// Uprobes through perf, on kernels without uprobe_multi, take more than BPF does.
Status check_uprobe_permission(const std::string& proc_root);

// CapEff of a /proc/PID/status text; 0 when absent.
uint64_t effective_capabilities(std::string_view status_text);

}  // namespace qtap::probe
