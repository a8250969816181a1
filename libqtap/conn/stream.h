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
    uint64_t skipped_before = 0;     // bytes left out on purpose since the last piece
    uint64_t gap_before = 0;         // bytes missing between the last piece and this one
    std::span<const uint8_t> bytes;  // new bytes only
    uint64_t gap_after = 0;          // bytes that this piece stands for but does not carry
  };

  // `full_len` bytes start at `offset`; the first bytes.size() of them were captured. Of those
  // before `offset`, `filtered` in all were left out on purpose.
  Piece add(uint64_t offset, uint64_t full_len, std::span<const uint8_t> bytes,
            uint64_t filtered = 0) {
    Piece piece;
    const uint64_t end = offset + full_len;
    if (end <= next_) return piece;  // all known already
    if (offset > next_) {
      piece.skipped_before = skip(offset - next_, filtered);
      piece.gap_before = offset - next_ - piece.skipped_before;
    }
    const uint64_t known = offset < next_ ? next_ - offset : 0;
    if (known < bytes.size()) piece.bytes = bytes.subspan(known);
    const uint64_t captured_end = offset + (known > bytes.size() ? known : bytes.size());
    piece.gap_after = end - captured_end;
    next_ = end;
    return piece;
  }

  // The stream is known to be `total` bytes long, `filtered` of them left out on purpose: the piece
  // behind what came.
  Piece finish(uint64_t total, uint64_t filtered) {
    return add(std::max(total, next_), 0, {}, filtered);
  }

  // Offset of the next byte that is not known yet.
  uint64_t next() const { return next_; }

 private:
  // Of `missing` bytes, those that were left out.
  uint64_t skip(uint64_t missing, uint64_t filtered) {
    const uint64_t skipped = std::min(missing, filtered - std::min(filtered, filtered_));
    filtered_ += skipped;
    return skipped;
  }

  uint64_t next_ = 0;
  uint64_t filtered_ = 0;
};

}  // namespace qtap::conn
