// SPDX-License-Identifier: Apache-2.0
#include "sink/console.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace qtap::sink {
namespace {

// A library must not change the host's signal handlers: a closed pipe is an error here, whatever they are. The signal is
// blocked for this thread during the write and taken back if the write has raised it.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGPIPE);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~SigpipeGuard() {
    const int saved = errno;
    const timespec now = {};
    if (!was_pending_) {
      while (::sigtimedwait(&set_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = saved;
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t set_;
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace

Status Console::write(std::string_view block) {
  const std::lock_guard lock(mutex_);
  if (broken_) return Error{QTAP_ERR_IO, "write to standard output: it was closed before"};
  const SigpipeGuard guard;
  while (!block.empty()) {
    const ssize_t n = ::write(fd_, block.data(), block.size());
    if (n >= 0) {
      block.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      broken_ = true;
      return Error{QTAP_ERR_IO, std::string("write to standard output: ") + std::strerror(errno)};
    }
  }
  return {};
}

}  // namespace qtap::sink
