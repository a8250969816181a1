// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qtap::probe {

// A file with the layout of a ring buffer map; the data stands there twice, as the kernel maps it.
class FakeRing {
 public:
  static constexpr size_t kBytes = 4096;

  FakeRing()
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), fd_(memfd_create("ring", MFD_CLOEXEC)) {
    REQUIRE(ftruncate(fd_, static_cast<off_t>(2 * page_ + 2 * kBytes)) == 0);
  }
  ~FakeRing() { close(fd_); }

  void add(const std::string& payload, uint32_t flags = 0) {
    const uint32_t header[2] = {static_cast<uint32_t>(payload.size()) | flags, 0};
    std::vector<char> record(8 + (payload.size() + 7) / 8 * 8);
    std::memcpy(record.data(), header, 8);
    std::memcpy(record.data() + 8, payload.data(), payload.size());
    for (size_t i = 0; i < record.size(); ++i) {
      const size_t at = (producer_ + i) % kBytes;
      put(2 * page_ + at, &record[i], 1);
      put(2 * page_ + kBytes + at, &record[i], 1);
    }
    producer_ += record.size();
    put(page_, &producer_, 8);
  }
  uint64_t consumer() const {
    uint64_t position = 0;
    REQUIRE(pread(fd_, &position, 8, 0) == 8);
    return position;
  }
  uint64_t producer() const { return producer_; }
  int fd() const { return fd_; }

 private:
  void put(size_t offset, const void* bytes, size_t size) {
    REQUIRE(pwrite(fd_, bytes, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size));
  }
  size_t page_;
  int fd_;
  uint64_t producer_ = 0;
};

inline std::string text(const std::optional<std::span<const uint8_t>>& record) {
  if (!record) return "none";
  return std::string(record->begin(), record->end());
}

}  // namespace qtap::probe
