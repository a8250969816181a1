// SPDX-License-Identifier: Apache-2.0
// Constants of rules, strings or integers, found by hash. Filled at compile time and then read by
// any thread. The keys are the rules', not the traffic's: who chooses what is asked cannot make the
// table slow.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace qtap::rulekit {

__extension__ typedef unsigned __int128 Uint128;  // ISO C++ has none

// Odd constants with as many ones as zeros, from the digits of the golden ratio and of e.
inline constexpr uint64_t kHashSeed = 0x9e3779b97f4a7c15;
inline constexpr uint64_t kHashStep = 0xb7e151628aed2a6b;

inline uint64_t hash_mix(uint64_t a, uint64_t b) {
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_of(int64_t key) {
  return hash_mix(static_cast<uint64_t>(key) ^ kHashSeed, kHashStep);
}

inline uint64_t first_bytes(const char* at, size_t len) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, at, len);
  return bytes;
}

// At most kMax bytes, in two words which may overlap. With the length they are the text.
struct ShortText {
  static constexpr size_t kMax = 16;
  uint64_t first = 0;
  uint64_t last = 0;

  ShortText(const char* at, size_t len) {
    if (len >= 8) {
      first = first_bytes(at, 8);
      last = first_bytes(at + len - 8, 8);
    } else if (len >= 4) {
      first = first_bytes(at, 4);
      last = first_bytes(at + len - 4, 4);
    } else if (len > 0) {
      first = static_cast<unsigned char>(at[0]) |
              static_cast<uint64_t>(static_cast<unsigned char>(at[len / 2])) << 8;
      last = static_cast<unsigned char>(at[len - 1]);
    }
  }
};

// memcmp(a, b, len) == 0, without a call for what is short, as most texts in rules are.
inline bool same_bytes(const char* a, const char* b, size_t len) {
  if (len > 32) return std::memcmp(a, b, len) == 0;
  const size_t head = len > 16 ? 16 : len;
  const auto same = [](const char* left, const char* right, size_t count) {
    const ShortText l(left, count);
    const ShortText r(right, count);
    return l.first == r.first && l.last == r.last;
  };
  if (!same(a, b, head)) return false;
  const size_t tail = len - head;  // what is behind the head, in 16 bytes which may overlap it
  return tail == 0 || same(a + tail, b + tail, 16);
}

inline bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

inline bool same_key(std::string_view a, std::string_view b) {
  return same_text(a, b);
}
inline bool same_key(int64_t a, int64_t b) {
  return a == b;
}

inline uint64_t hash_of(std::string_view key) {
  const char* at = key.data();
  size_t left = key.size();
  uint64_t hash = kHashSeed ^ left;
  for (; left > 16; left -= 16, at += 16) {
    hash = hash_mix(hash ^ first_bytes(at, 8), kHashStep ^ first_bytes(at + 8, 8));
  }
  const ShortText rest(at, left);
  return hash_mix(hash ^ rest.first, kHashStep ^ rest.last);
}

template <typename Key>
class KeyTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  bool empty() const { return keys_.empty(); }
  const std::vector<Key>& keys() const { return keys_; }

  // The number of the key: 0, 1, 2, .. in the order of first insertion. Strings are borrowed.
  uint32_t insert(Key key) {
    const uint32_t known = find(key);
    if (known != kNone) return known;
    keys_.push_back(key);
    if (keys_.size() * 2 > slots_.size()) {
      grow();
    } else {
      place(static_cast<uint32_t>(keys_.size() - 1));
    }
    return static_cast<uint32_t>(keys_.size() - 1);
  }

  uint32_t find(Key key) const {
    if (slots_.empty()) return kNone;
    const uint64_t hash = hash_of(key);
    const size_t mask = slots_.size() - 1;
    const Slot* slots = slots_.data();
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots[at];
      if (slot.number == kNone) return kNone;
      if (slot.tag == tag_of(hash) && same_key(keys_.data()[slot.number], key)) return slot.number;
    }
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t number = kNone;
  };
  static uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  void place(uint32_t number) {
    const uint64_t hash = hash_of(keys_[number]);
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at].number != kNone) at = (at + 1) & mask;
    slots_[at] = {tag_of(hash), number};
  }
  void grow() {
    slots_.assign(slots_.empty() ? 8 : slots_.size() * 2, Slot{});
    for (uint32_t number = 0; number < keys_.size(); ++number) place(number);
  }

  std::vector<Key> keys_;
  std::vector<Slot> slots_;  // a power of two of them, at most half of them in use
};

}  // namespace qtap::rulekit
