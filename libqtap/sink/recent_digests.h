// SPDX-License-Identifier: Apache-2.0
// The digests of what a store took last: equal bytes need not be sent again.
// One table without pointers, since each object asks it once and adds itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace qtap::sink {

// Digests are SHA-256 in hexadecimal; other texts are not remembered.
class RecentDigests {
 public:
  static constexpr size_t kRemembered = 4096;

  bool contains(std::string_view digest) const;
  // Forgets the oldest when there are kRemembered. One that is known stays as old as it is.
  void add(std::string_view digest);

 private:
  using Digest = std::array<char, 64>;
  static constexpr size_t kSlots = 2 * kRemembered;  // a power of 2; half of them stay free

  static size_t home_of(std::string_view digest);
  std::string_view text_in(size_t slot) const;
  size_t slot_of(std::string_view digest) const;
  void free_slot(size_t slot);

  std::vector<Digest> digests_;  // a ring, from the first add() on
  std::vector<uint16_t> slots_;  // 1 + place in digests_, 0 = free; linear probing
  size_t next_ = 0;              // place of the next one, where the oldest is
};

}  // namespace qtap::sink
