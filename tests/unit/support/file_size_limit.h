// SPDX-License-Identifier: Apache-2.0
// A disk that fills up in the middle of a write: files of this process end at a size (EFBIG).
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstddef>

namespace qtap::test {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(size_t bytes) {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGXFSZ, &ignore, &before_action_) == 0);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::sigaction(SIGXFSZ, &before_action_, nullptr);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_ = {};
  struct sigaction before_action_ = {};
};

}  // namespace qtap::test
