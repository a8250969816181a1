// SPDX-License-Identifier: Apache-2.0
// Whether bytes that have no place in a header field are in one. Fields are short: eight bytes at
// once beat a call of memchr().
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace qtap::http {

// Is any byte of `text` less than `limit`? `limit`: at most 128.
inline bool has_byte_below(std::string_view text, unsigned char limit) {
  constexpr uint64_t kOnes = 0x0101010101010101u;  // 1 in each byte
  constexpr size_t kWord = sizeof(uint64_t);
  // In a byte: subtracting borrows into its highest bit, which was not set before.
  const auto word_has = [limit](const char* at) {
    uint64_t word;
    std::memcpy(&word, at, kWord);
    return ((word - kOnes * limit) & ~word & (kOnes * 0x80)) != 0;
  };
  const char* at = text.data();
  if (text.size() < kWord) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < limit) return true;
    }
    return false;
  }
  const char* last = at + text.size() - kWord;
  for (; at < last; at += kWord) {
    if (word_has(at)) return true;
  }
  return word_has(last);  // the end, some of it again
}

}  // namespace qtap::http
