// SPDX-License-Identifier: Apache-2.0
// What a traced call costs beside the programs that it runs: the traps of its uprobe and uretprobe.
// Measured on this machine: virtual machines inside of others pay ten times as much.
#pragma once

#include <cstdint>
#include <string>

namespace qtap::probe {

// Where it cannot be measured: what both traps take on a usual virtual machine when the first
// instruction of the function is emulated.
inline constexpr uint32_t kUsualTrapNs = 900;

struct TrapPrice {
  uint32_t ns = kUsualTrapNs;  // per call
  std::string why_usual;       // empty: it was measured
};

// Of a function of ours with probes that do nothing. Takes a few milliseconds and needs what
// uprobe_multi needs (Linux 6.6).
TrapPrice measure_trap_price();

}  // namespace qtap::probe
