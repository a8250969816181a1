// SPDX-License-Identifier: Apache-2.0
// Fuzz bytes read as a script: open, data, gap, close, tick on up to kConnections connections.
// Every byte string is a script; the ends of the data steps are the only cuts that the script
// itself makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fuzz {

constexpr size_t kConnections = 4;

struct Step {
  enum class Kind { kOpen, kData, kGap, kClose, kTick };
  Kind kind = Kind::kTick;
  size_t connection = 0;
  int direction = 0;    // enum qtap_direction
  std::string bytes;    // kData
  uint64_t amount = 0;  // kGap: bytes; kTick: milliseconds
};

std::vector<Step> read_script(std::span<const uint8_t> input);

}  // namespace fuzz
