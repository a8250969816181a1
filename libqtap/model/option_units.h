// SPDX-License-Identifier: Apache-2.0
// What sizes (bytes) and durations (nanoseconds) of the option table are counted in.
#pragma once

#include <cstdint>

namespace qtap {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;
inline constexpr uint64_t kGiB = 1024 * kMiB;
inline constexpr uint64_t kMs = 1'000'000;
inline constexpr uint64_t kSecond = 1000 * kMs;
inline constexpr uint64_t kDay = 86400 * kSecond;

}  // namespace qtap
