// SPDX-License-Identifier: Apache-2.0
// In: how the calls of a store went. Out: how long to leave it alone, and whether to ask it with
// one item only (it is not known to be up) or with all. Of the store, not of an item: during an
// outage each item would begin anew with the shortest wait. One thread.
//
//     kClosed: all is well     a call that may be tried again fails        → kOpen
//     kOpen: it was down       after the wait one item goes; that succeeds → kClosed, fails →
//     longer
#pragma once

#include <chrono>
#include <cstdint>

namespace qtap::sink {

class BackOff {
 public:
  using Duration = std::chrono::nanoseconds;

  // `seed`: so that many stores that failed together do not return together.
  BackOff(Duration first, Duration longest, uint64_t seed);

  void succeeded() { failures_ = 0; }
  void failed() { ++failures_; }
  bool is_open() const { return failures_ > 0; }

  // How long to wait now. Doubles from `first` to `longest` with each failure, half of it random;
  // where the store asked for more (Retry-After), that, up to `longest`.
  Duration wait(Duration asked = Duration::zero());

 private:
  Duration first_;
  Duration longest_;
  uint32_t failures_ = 0;
  uint64_t random_;
};

}  // namespace qtap::sink
