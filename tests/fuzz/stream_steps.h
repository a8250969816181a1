// SPDX-License-Identifier: Apache-2.0
// For targets that read one direction: steps out of the input, and the oracle that however the same
// bytes are cut, the same is told.
//
// Steps: one byte (bit 0: a gap), one byte of length, and that many bytes unless it is a gap.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../unit/http/stream_play.h"

namespace qtap::test {

inline std::vector<Step> steps_of(const uint8_t* data, size_t size) {
  std::vector<Step> steps;
  while (size >= 2) {
    const bool is_gap = (data[0] & 1) != 0;
    const size_t len = data[1];
    data += 2;
    size -= 2;
    if (is_gap) {
      steps.push_back(gap_step(len));
      continue;
    }
    const size_t there = len < size ? len : size;
    steps.push_back(bytes_step({reinterpret_cast<const char*>(data), there}));
    data += there;
    size -= there;
  }
  return steps;
}

// `tell(cutter)` is what a parser tells of the input.
template <typename Tell>
void check_cuts(size_t size, Tell tell) {
  const std::string whole = tell(Cutter(Cutter::Way::kWhole));
  const Cutter others[] = {Cutter(Cutter::Way::kBytes), Cutter(Cutter::Way::kRandom, 7),
                           Cutter(Cutter::Way::kRandom, static_cast<uint32_t>(size))};
  for (const Cutter& cutter : others) {
    const std::string cut = tell(cutter);
    if (cut == whole) continue;
    fprintf(stderr, "cutting changes the outcome.\n-- whole:\n%s-- cut:\n%s", whole.c_str(),
            cut.c_str());
    abort();
  }
}

}  // namespace qtap::test
