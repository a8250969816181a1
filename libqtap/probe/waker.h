// SPDX-License-Identifier: Apache-2.0
// One descriptor to wait on: readable when the ring, the short timer or the tick has something to
// do.
//
// The kernel side does not wake us per record (that costs three times the copy). While records come
// we look every kPollNs by timer; when nothing came for kSleepNs, the kernel side is told to wake
// us at the next record.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace qtap::probe {

class Waker {
 public:
  static constexpr int64_t kTickNs = 250'000'000;
  static constexpr int64_t kPollNs = 5'000'000;
  static constexpr int64_t kSleepNs = 4 * kPollNs;

  static Result<std::unique_ptr<Waker>> create();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  int fd() const { return epoll_fd_; }

  Status watch(int ring_map_fd);
  Status start_ticks();
  void stop_ticks();

  // Takes what made the descriptor readable; true when a tick is due.
  bool take_tick();
  // The descriptor becomes readable after that time; 0 = now.
  void wake_after(int64_t ns);

 private:
  Waker() = default;
  Status add(int fd, uint32_t events);

  int epoll_fd_ = -1;
  int poll_timer_fd_ = -1;
  int tick_timer_fd_ = -1;
};

}  // namespace qtap::probe
