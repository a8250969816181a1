// SPDX-License-Identifier: Apache-2.0
// The two directions of a connection.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qtap {

enum class Direction : uint8_t { kSent = 0, kReceived = 1 };  // seen from the local process
constexpr Direction opposite(Direction d) {
  return d == Direction::kSent ? Direction::kReceived : Direction::kSent;
}
constexpr size_t index(Direction d) {
  return static_cast<size_t>(d);
}
constexpr Direction direction_at(size_t index) {
  return index == 0 ? Direction::kSent : Direction::kReceived;
}

}  // namespace qtap
