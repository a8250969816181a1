// SPDX-License-Identifier: Apache-2.0
// In: mmap() of code in files that are named like TLS libraries, and TLS records that went to BIOs
// without a probe, from the kernel side. Out: which processes to look into, at once: a library that
// nobody had mapped before needs its probes before the first handshake. LiveSource owns it, on the
// thread that polls. fd() becomes readable with each event; there are few: one per process, file
// and second.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "probe/kernel_side.h"
#include "probe/ring.h"

namespace qtap::probe {

// A file that is named like libssl.
struct MappedSsl {
  uint32_t pid = 0;
  uint64_t time_ns = 0;  // CLOCK_BOOTTIME
  uint64_t device = 0;   // as stat(2) has it
  uint64_t inode = 0;
};

struct MapNews {
  std::vector<uint32_t> mapped;       // processes, each once
  std::vector<MappedSsl> ssl;         // of these
  std::vector<uint32_t> custom_bios;  // the same: those with BIOs of their own
};

class MapEvents {
 public:
  static Result<std::unique_ptr<MapEvents>> create(KernelSide& kernel);

  int fd() const;
  // Since the last call.
  MapNews take();
  // Some were lost since the last call: any process may have mapped something,
  // or have BIOs of its own.
  bool take_lost();

 private:
  explicit MapEvents(KernelSide& kernel) : kernel_(kernel) {}

  KernelSide& kernel_;
  std::unique_ptr<Ring> ring_;
  uint64_t lost_ = 0;
};

}  // namespace qtap::probe
