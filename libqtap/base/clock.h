// SPDX-License-Identifier: Apache-2.0
// The clocks of the machine, in nanoseconds. Stages never ask them: their time comes with the
// records.
#pragma once

#include <time.h>

#include <cstdint>

namespace qtap {

inline int64_t clock_ns(clockid_t id) {
  timespec now = {};
  ::clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

inline int64_t monotonic_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}

// Add to a CLOCK_BOOTTIME stamp to get nanoseconds since 1970 UTC.
inline int64_t boot_to_unix_ns() {
  return clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
}

}  // namespace qtap
