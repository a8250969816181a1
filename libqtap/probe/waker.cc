// SPDX-License-Identifier: Apache-2.0
#include "probe/waker.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <string>

namespace qtap::probe {
namespace {

Error failed(const char* what) {
  return {"QT050", QTAP_ERR_IO,
          std::string("start live capture: ") + what + ": " + strerror(errno)};
}

bool take(int timer_fd) {
  uint64_t expirations = 0;
  return read(timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations);
}

}  // namespace

Result<std::unique_ptr<Waker>> Waker::create() {
  std::unique_ptr<Waker> waker(new Waker());
  waker->epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (waker->epoll_fd_ < 0) return failed("epoll_create1");
  waker->poll_timer_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  waker->tick_timer_fd_ = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (waker->poll_timer_fd_ < 0 || waker->tick_timer_fd_ < 0) return failed("timerfd_create");
  QTAP_CHECK(waker->add(waker->poll_timer_fd_, EPOLLIN));
  QTAP_CHECK(waker->add(waker->tick_timer_fd_, EPOLLIN));
  return waker;
}

Waker::~Waker() {
  for (const int fd : {epoll_fd_, poll_timer_fd_, tick_timer_fd_}) {
    if (fd >= 0) close(fd);
  }
}

// Edge-triggered: a ring is readable as long as records are in it, which would wake us again at
// once after each look.
Status Waker::watch(int ring_map_fd) {
  return add(ring_map_fd, EPOLLIN | EPOLLET);
}

Status Waker::add(int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return failed("epoll_ctl");
  return {};
}

Status Waker::start_ticks() {
  itimerspec spec = {};
  spec.it_value.tv_nsec = kTickNs;
  spec.it_interval.tv_nsec = kTickNs;
  if (timerfd_settime(tick_timer_fd_, 0, &spec, nullptr) != 0) return failed("timerfd_settime");
  return {};
}

void Waker::stop_ticks() {
  const itimerspec off = {};
  timerfd_settime(tick_timer_fd_, 0, &off, nullptr);
}

bool Waker::take_tick() {
  epoll_event ready[8];
  const int count = epoll_wait(epoll_fd_, ready, static_cast<int>(std::size(ready)), 0);
  bool tick = false;
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.fd == poll_timer_fd_) take(poll_timer_fd_);
    if (ready[i].data.fd == tick_timer_fd_) tick = take(tick_timer_fd_);
  }
  return tick;
}

void Waker::wake_after(int64_t ns) {
  itimerspec spec = {};
  spec.it_value.tv_nsec = std::max<int64_t>(ns, 1);
  timerfd_settime(poll_timer_fd_, 0, &spec, nullptr);
}

}  // namespace qtap::probe
