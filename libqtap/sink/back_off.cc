// SPDX-License-Identifier: Apache-2.0
#include "sink/back_off.h"

#include <algorithm>

namespace qtap::sink {

BackOff::BackOff(Duration first, Duration longest, uint64_t seed)
    : first_(std::min(first, longest)), longest_(longest), random_(seed | 1) {}

BackOff::Duration BackOff::wait(Duration asked) {
  Duration most = first_;
  for (uint32_t i = 1; i < failures_ && most < longest_; ++i) {
    most = most > longest_ / 2 ? longest_ : most * 2;
  }
  random_ ^= random_ << 13;  // xorshift64, Marsaglia 2003
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const Duration half = std::max(most / 2, Duration(1));
  const Duration own = half + Duration(random_ % static_cast<uint64_t>(half.count()));
  return std::max(own, std::min(asked, longest_));
}

}  // namespace qtap::sink
