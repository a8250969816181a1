// SPDX-License-Identifier: Apache-2.0
// Which bytes are in the names and values of header fields. These are short: eight bytes at once
// beat a call of memchr() and a look at each.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace qtap::http {

inline constexpr uint64_t kEachByte = 0x0101010101010101u;  // times a byte: that in each of eight

template <typename Word>
uint64_t read_word(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Not 0 when any byte of the word is less than `limit`, which is at most 128: subtracting borrows
// into its highest bit, which was not set before.
inline uint64_t bytes_below(uint64_t word, unsigned char limit) {
  return (word - kEachByte * limit) & ~word & (kEachByte * 0x80);
}

// Calls is_good() for words that together hold each byte of `text`, some of them twice, until it
// says no. `text`: at least 4 bytes.
template <typename IsGood>
bool all_words(std::string_view text, IsGood is_good) {
  constexpr size_t kWord = sizeof(uint64_t);
  constexpr size_t kHalf = sizeof(uint32_t);
  const char* at = text.data();
  if (text.size() < kWord) {
    const uint64_t last = read_word<uint32_t>(at + text.size() - kHalf);
    return is_good(read_word<uint32_t>(at) << 32 | last);
  }
  const char* last = at + text.size() - kWord;
  for (; at < last; at += kWord) {
    if (!is_good(read_word<uint64_t>(at))) return false;
  }
  return is_good(read_word<uint64_t>(last));
}

// Is any byte of `text` less than `limit`? `limit`: at most 128.
inline bool has_byte_below(std::string_view text, unsigned char limit) {
  if (text.size() < sizeof(uint32_t)) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < limit) return true;
    }
    return false;
  }
  return !all_words(text, [limit](uint64_t word) { return bytes_below(word, limit) == 0; });
}

// Of what most names are made: lower case letters and hyphens. False of a text of less than 4
// bytes.
inline bool is_lower_or_hyphen(std::string_view text) {
  if (text.size() < sizeof(uint32_t)) return false;
  return all_words(text, [](uint64_t word) {
    // The highest bit of each byte tells, as long as none is set before.
    const uint64_t from_a = word + kEachByte * (0x80 - 'a');
    const uint64_t above_z = word + kEachByte * (0x80 - 'z' - 1);
    const uint64_t hyphen = kEachByte * 0x80 - (word ^ kEachByte * '-');
    const uint64_t good = ((from_a & ~above_z) | hyphen) & ~word;
    return (~good & kEachByte * 0x80) == 0;
  });
}

}  // namespace qtap::http
