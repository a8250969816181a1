// SPDX-License-Identifier: Apache-2.0
// One direction of a plain-text stream: where it stands, what is missing.
#pragma once

#include <cstdint>
#include <span>

namespace qtap::conn {

// Turns pieces with offsets into bytes in order and gaps. Pieces come in order except when some
// were lost; what was delivered before is never delivered again.
class Stream {
 public:
  struct Piece {
    uint64_t gap_before = 0;         // bytes missing between the last piece and this one
    std::span<const uint8_t> bytes;  // new bytes only
    uint64_t gap_after = 0;          // bytes that this piece stands for but does not carry
  };

  // `full_len` bytes start at `offset`; the first bytes.size() of them were captured.
  Piece add(uint64_t offset, uint64_t full_len, std::span<const uint8_t> bytes) {
    Piece piece;
    const uint64_t end = offset + full_len;
    if (end <= next_) return piece;  // all known already
    if (offset > next_) piece.gap_before = offset - next_;
    const uint64_t known = offset < next_ ? next_ - offset : 0;
    if (known < bytes.size()) piece.bytes = bytes.subspan(known);
    const uint64_t captured_end = offset + (known > bytes.size() ? known : bytes.size());
    piece.gap_after = end - captured_end;
    next_ = end;
    return piece;
  }

  // The stream is known to have been `total` bytes long: returns how many of its last bytes never
  // came.
  uint64_t finish(uint64_t total) {
    const uint64_t missing = total > next_ ? total - next_ : 0;
    next_ += missing;
    return missing;
  }

  // Offset of the next byte that is not known yet.
  uint64_t next() const { return next_; }

 private:
  uint64_t next_ = 0;
};

}  // namespace qtap::conn
