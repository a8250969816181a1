// SPDX-License-Identifier: Apache-2.0
// What looking for TLS libraries found.
#pragma once

#include <cstdint>
#include <tuple>

#include "model/record.h"

namespace qtap::probe {

// What is true of a file, or of a process that has mapped it.
struct FoundLibrary {
  TlsLibrary library = TlsLibrary::kUnknown;
  uint64_t probed_ns = 0;  // kProbed: CLOCK_BOOTTIME when its probes were active

  // Of several that a process has mapped: the better one; of two with probes, the later ones.
  friend bool operator<(const FoundLibrary& a, const FoundLibrary& b) {
    return std::tie(a.library, a.probed_ns) < std::tie(b.library, b.probed_ns);
  }
};

}  // namespace qtap::probe
