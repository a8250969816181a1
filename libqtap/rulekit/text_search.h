// SPDX-License-Identifier: Apache-2.0
// Finding a text in a text, in time that grows with the sum of their lengths.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "rulekit/key_table.h"

namespace qtap::rulekit {

// find() compares at every place where the first byte fits: times the length of the part, if
// somebody wishes so. Up to this length that is bounded and find() is faster; above, memmem() does
// not look back further than a constant (glibc: "Two-Way" from 256 bytes on; musl: always).
inline constexpr size_t kShortPart = 32;

// Texts up to this length are searched eight places at once; in longer ones find() catches up.
inline constexpr size_t kShortText = 64;

// A high bit in each byte that is zero, and maybe in bytes above the first that is.
inline uint64_t zero_bytes(uint64_t word) {
  return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

// has_part() of a part that has 1 to kShortPart bytes and is no longer than the text: only where
// its first and its last byte fit are all compared.
inline bool has_short_part(std::string_view text, std::string_view part) {
  constexpr uint64_t kEach = 0x0101010101010101;
  constexpr size_t kWord = sizeof(uint64_t);
  const size_t places = text.size() - part.size() + 1;
  const auto fits = [&](size_t at) {
    return same_bytes(text.data() + at, part.data(), part.size());
  };
  if (places < kWord) {
    for (size_t at = 0; at < places; ++at) {
      if (text[at] == part[0] && fits(at)) return true;
    }
    return false;
  }
  const uint64_t first = kEach * static_cast<unsigned char>(part.front());
  const uint64_t last = kEach * static_cast<unsigned char>(part.back());
  for (size_t at = 0;;) {
    const char* const here = text.data() + at;
    uint64_t maybe = zero_bytes(first_bytes(here, kWord) ^ first) &
                     zero_bytes(first_bytes(here + part.size() - 1, kWord) ^ last);
    for (; maybe != 0; maybe &= maybe - 1) {
      const auto bit = static_cast<size_t>(std::countr_zero(maybe));
      const size_t byte =
          std::endian::native == std::endian::little ? bit / 8 : kWord - 1 - bit / 8;
      if (fits(at + byte)) return true;
    }
    if (at == places - kWord) return false;
    at = at + kWord < places - kWord ? at + kWord : places - kWord;
  }
}

inline bool has_part(std::string_view text, std::string_view part) {
  if (part.size() > kShortPart) {
    return part.size() <= text.size() &&
           memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
  }
  if (text.size() > kShortText) return text.find(part) != std::string_view::npos;
  return part.empty() || (part.size() <= text.size() && has_short_part(text, part));
}

inline bool begins_with(std::string_view text, std::string_view part) {
  return text.size() >= part.size() && same_bytes(text.data(), part.data(), part.size());
}

inline bool finishes_with(std::string_view text, std::string_view part) {
  return text.size() >= part.size() &&
         same_bytes(text.data() + (text.size() - part.size()), part.data(), part.size());
}

}  // namespace qtap::rulekit
