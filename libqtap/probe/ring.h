// SPDX-License-Identifier: Apache-2.0
// Reader of a BPF ring buffer (Linux Documentation/bpf/ringbuf.rst). Our own, because libbpf's
// takes a record before it asks whether we want it: here a record stays until pop().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"

namespace qtap::probe {

class Ring {
 public:
  // `map_fd` stays the caller's. `bytes`: max_entries of the map, a power of two.
  static Result<std::unique_ptr<Ring>> create(int map_fd, size_t bytes);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // The oldest record, or nullopt. Valid until pop(). Discarded records are skipped.
  std::optional<std::span<const uint8_t>> peek();
  void pop();

  // Positions in the sequence of all records: what was written before now ends at written(), what
  // was taken out ends at taken().
  uint64_t written() const;
  uint64_t taken() const { return position_; }

 private:
  Ring() = default;

  size_t bytes_ = 0;
  size_t page_ = 0;
  void* consumer_page_ = nullptr;
  void* producer_pages_ = nullptr;
  const uint8_t* data_ = nullptr;
  uint64_t position_ = 0;
  uint64_t record_bytes_ = 0;  // of the record that peek() showed, header and padding included
};

}  // namespace qtap::probe
