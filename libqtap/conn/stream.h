// SPDX-License-Identifier: Apache-2.0
// One direction of a plain-text stream: where it stands, what is missing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace qtap::conn {

// Turns pieces with offsets into bytes in order and gaps. Pieces come in order except when some
// were lost; what was delivered before is never delivered again.
class Stream {
 public:
  struct Piece {
    uint64_t skipped_before = 0;      // bytes left out on purpose since the last piece
    uint64_t over_budget_before = 0;  // and bytes left out for want of budget
    uint64_t gap_before = 0;          // bytes missing between the last piece and this one
    std::span<const uint8_t> bytes;   // new bytes only
    uint64_t gap_after = 0;           // bytes that this piece stands for but does not carry
  };

  // `full_len` bytes start at `offset`; the first bytes.size() of them were captured. Of those
  // before `offset`, `filtered` in all were left out on purpose, and `over_budget` for want of
  // budget.
  Piece add(uint64_t offset, uint64_t full_len, std::span<const uint8_t> bytes,
            uint64_t filtered = 0, uint64_t over_budget = 0) {
    Piece piece;
    const uint64_t end = offset + full_len;
    if (end <= next_) return piece;  // all known already
    if (offset > next_) {
      piece.gap_before = offset - next_;
      piece.skipped_before = take(filtered, filtered_, piece.gap_before);
      piece.over_budget_before = take(over_budget, over_budget_, piece.gap_before);
    }
    const uint64_t known = offset < next_ ? next_ - offset : 0;
    if (known < bytes.size()) piece.bytes = bytes.subspan(known);
    const uint64_t captured_end = offset + (known > bytes.size() ? known : bytes.size());
    piece.gap_after = end - captured_end;
    next_ = end;
    return piece;
  }

  // The stream is known to be `total` bytes long, `filtered` and `over_budget` of them left out:
  // the piece behind what came.
  Piece finish(uint64_t total, uint64_t filtered, uint64_t over_budget) {
    return add(std::max(total, next_), 0, {}, filtered, over_budget);
  }

  // Offset of the next byte that is not known yet.
  uint64_t next() const { return next_; }

 private:
  // Takes those that were left out off the `missing` bytes. `total`: so far; `told`: of these,
  // known before.
  static uint64_t take(uint64_t total, uint64_t& told, uint64_t& missing) {
    const uint64_t left_out = std::min(missing, total - std::min(total, told));
    told += left_out;
    missing -= left_out;
    return left_out;
  }

  uint64_t next_ = 0;
  uint64_t filtered_ = 0;
  uint64_t over_budget_ = 0;
};

}  // namespace qtap::conn
