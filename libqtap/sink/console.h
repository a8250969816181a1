// SPDX-License-Identifier: Apache-2.0
// The process's standard output, shared by everything that prints: each block stays in one piece,
// so that lines and blocks of several writers never mix. Blocks may be collected: a system call for
// each would cost more than making it.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qtap::sink {

class Console {
 public:
  explicit Console(int fd) : fd_(fd) {}

  // Any thread. QTAP_ERR_IO: the reader is gone or the disk is full; from then on nothing is
  // written any more.
  Status write(std::string_view block);
  // As write(); `written` says how many of its bytes came out, which is less than all on an error.
  Status write(std::string_view block, size_t& written);
  // As write(), but the block, with `end` behind it, may wait for the others until flush() or
  // kCollected bytes.
  Status collect(std::string_view block, std::string_view end = {});
  Status flush();
  // How many collected blocks could not be written, or not to their end, since the last call.
  uint64_t take_lost();
  // Why nothing is written any more, in the words of the write that failed; ok while it is.
  Status status() const;

 private:
  static constexpr size_t kCollected = 64u << 10;

  Status flush_locked();
  Status write_locked(std::string_view bytes, size_t& written);

  int fd_;
  std::mutex mutex_;
  std::string collected_;
  std::atomic<bool> has_collected_{false};
  std::vector<size_t> block_ends_;  // of the blocks in collected_
  uint64_t lost_blocks_ = 0;
  std::atomic<int> errno_{0};  // of the write that failed
};

}  // namespace qtap::sink
