// SPDX-License-Identifier: Apache-2.0
#include "sink/recent_digests.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace qtap::sink {

// The bytes of a digest are random, its digits nearly: their order has to be mixed.
size_t RecentDigests::home_of(std::string_view digest) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio (Knuth, TAOCP 3, 6.4)
  uint64_t digits = 0;
  memcpy(&digits, digest.data(), sizeof digits);
  return static_cast<size_t>(digits * kGolden >> (64 - std::countr_zero(kSlots)));
}

std::string_view RecentDigests::text_in(size_t slot) const {
  const Digest& digest = digests_[slots_[slot] - 1u];
  return {digest.data(), digest.size()};
}

// Where the digest is, or the free slot where it would be.
size_t RecentDigests::slot_of(std::string_view digest) const {
  size_t slot = home_of(digest);
  while (slots_[slot] != 0 && text_in(slot) != digest) slot = (slot + 1) % kSlots;
  return slot;
}

bool RecentDigests::contains(std::string_view digest) const {
  return !digests_.empty() && digest.size() == Digest().size() && slots_[slot_of(digest)] != 0;
}

// What was pushed behind this slot by what stood in it moves up.
void RecentDigests::free_slot(size_t slot) {
  for (size_t at = (slot + 1) % kSlots; slots_[at] != 0; at = (at + 1) % kSlots) {
    const size_t from_home = (at - home_of(text_in(at))) % kSlots;
    if (from_home < (at - slot) % kSlots) continue;
    slots_[slot] = slots_[at];
    slot = at;
  }
  slots_[slot] = 0;
}

void RecentDigests::add(std::string_view digest) {
  if (digest.size() != Digest().size() || contains(digest)) return;
  if (digests_.empty()) {
    slots_.resize(kSlots);
    digests_.reserve(kRemembered);
  }
  if (digests_.size() < kRemembered) {
    digests_.emplace_back();
  } else {
    free_slot(slot_of({digests_[next_].data(), digests_[next_].size()}));
  }
  std::copy(digest.begin(), digest.end(), digests_[next_].begin());
  slots_[slot_of(digest)] = static_cast<uint16_t>(next_ + 1);
  next_ = (next_ + 1) % kRemembered;
}

}  // namespace qtap::sink
