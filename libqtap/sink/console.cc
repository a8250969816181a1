// SPDX-License-Identifier: Apache-2.0
#include "sink/console.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace qtap::sink {
namespace {

// A library must not change the host's signal handlers: a closed pipe is an error here, whatever
// they are. The signal is blocked for this thread during the write and taken back if the write has
// raised it.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGPIPE);
    ::sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~SigpipeGuard() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

  // After a write that gave EPIPE. A signal that waited before is not ours to take.
  void take_back() {
    const timespec now = {};
    while (!was_pending_ && ::sigtimedwait(&set_, nullptr, &now) < 0 && errno == EINTR) {
    }
  }

 private:
  sigset_t set_ = {};
  sigset_t before_ = {};
  bool was_pending_ = false;
};

Error write_error(int error) {
  return {"QT094", QTAP_ERR_IO, std::string("write to standard output: ") + std::strerror(error)};
}

}  // namespace

Status Console::status() const {
  if (errno_ == 0) return {};
  return write_error(errno_);
}

Status Console::write(std::string_view block) {
  size_t written = 0;
  return write(block, written);
}

Status Console::write(std::string_view block, size_t& written) {
  written = 0;
  const std::lock_guard lock(mutex_);
  QTAP_CHECK(flush_locked());
  return write_locked(block, written);
}

Status Console::collect(std::string_view block, std::string_view end) {
  const std::lock_guard lock(mutex_);
  if (errno_ != 0) {
    ++lost_blocks_;
    return status();
  }
  collected_.append(block).append(end);
  block_ends_.push_back(collected_.size());
  has_collected_ = true;
  return collected_.size() < kCollected ? Status() : flush_locked();
}

// The lock may be held by a thread that waits for a reader: whoever has nothing to write does not.
Status Console::flush() {
  if (!has_collected_) return status();
  const std::lock_guard lock(mutex_);
  return flush_locked();
}

uint64_t Console::take_lost() {
  const std::lock_guard lock(mutex_);
  return std::exchange(lost_blocks_, 0);
}

// A disk that fills up takes what it has room for: the blocks up to there came out.
Status Console::flush_locked() {
  size_t written = 0;
  Status status = write_locked(collected_, written);
  const auto first_lost = std::upper_bound(block_ends_.begin(), block_ends_.end(), written);
  lost_blocks_ += static_cast<uint64_t>(block_ends_.end() - first_lost);
  collected_.clear();
  block_ends_.clear();
  has_collected_ = false;
  return status;
}

Status Console::write_locked(std::string_view block, size_t& written) {
  written = 0;
  if (errno_ != 0) return status();
  if (block.empty()) return {};
  SigpipeGuard guard;
  while (!block.empty()) {
    const ssize_t n = ::write(fd_, block.data(), block.size());
    const int error = errno;
    if (n >= 0) {
      block.remove_prefix(static_cast<size_t>(n));
      written += static_cast<size_t>(n);
    } else if (error == EAGAIN) {  // the host has made it non-blocking
      pollfd ready = {.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (error != EINTR) {
      if (error == EPIPE) guard.take_back();
      errno_ = error;
      return write_error(error);
    }
  }
  return {};
}

}  // namespace qtap::sink
