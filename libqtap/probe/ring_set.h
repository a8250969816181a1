// SPDX-License-Identifier: Apache-2.0
// The rings of all groups of CPUs, read as one sequence.
//
// Records come in the order of their times, and what one thread did after another, or because of
// it, comes after it: a ring that was found empty is looked at again after a record was seen
// elsewhere, for that record's cause may have been written in between. A ring whose next record is
// reserved and not yet submitted holds up the others: what follows it there may come first.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "probe/ring.h"

namespace qtap::probe {

class RingSet {
 public:
  explicit RingSet(std::vector<std::unique_ptr<Ring>> rings);

  using Positions = std::vector<uint64_t>;  // one of each ring

  // As of Ring. A record shorter than a header counts as the oldest: whoever decodes it complains.
  std::optional<std::span<const uint8_t>> peek();
  void pop();

  // What was written before now ends there; whether all of that was taken out.
  Positions written() const;
  bool reached(const Positions& positions) const;
  // Bytes in the ring that holds most.
  uint64_t fullest() const;

 private:
  struct Head {
    std::unique_ptr<Ring> ring;
    std::optional<std::span<const uint8_t>> record;
    uint64_t time_ns = 0;
  };

  bool look_at_empty_rings();
  bool is_held_up() const;

  std::vector<Head> heads_;
  Head* oldest_ = nullptr;  // of what peek() showed
};

}  // namespace qtap::probe
