// SPDX-License-Identifier: Apache-2.0
// The process's standard output, shared by everything that prints: each block is written in one
// piece, so that lines and blocks of several writers never mix.
#pragma once

#include <atomic>
#include <mutex>
#include <string_view>

#include "base/result.h"

namespace qtap::sink {

class Console {
 public:
  explicit Console(int fd) : fd_(fd) {}

  // Any thread. QTAP_ERR_IO: the reader is gone or the disk is full; from then on nothing is
  // written any more.
  Status write(std::string_view block);
  // Why nothing is written any more, in the words of the write that failed; ok while it is.
  Status status() const;

 private:
  int fd_;
  std::mutex mutex_;
  std::atomic<int> errno_{0};  // of the write that failed
};

}  // namespace qtap::sink
