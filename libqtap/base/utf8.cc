// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

namespace qtap {

// The table of RFC 3629, 4: which second bytes may follow a first one.
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t len = first >= 0xc2 && first <= 0xdf   ? 2
                     : first >= 0xe0 && first <= 0xef ? 3
                     : first >= 0xf0 && first <= 0xf4 ? 4
                                                      : 0;
  if (len == 0 || text.size() < len) return 0;
  const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < len; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return len;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t len = utf8_sequence(text);
    if (len == 0) return false;
    text.remove_prefix(len);
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  // A character of four bytes begins at most three before the cut.
  for (size_t back = 1; back <= 3 && back <= max_bytes; ++back) {
    if (utf8_sequence(text.substr(max_bytes - back)) > back) {
      return text.substr(0, max_bytes - back);
    }
  }
  return text.substr(0, max_bytes);
}

bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && sequence[0] == '\xc2' &&
         static_cast<unsigned char>(sequence[1]) < 0xa0;
}

char* put_latin1(char* at, unsigned char c) {
  *at++ = static_cast<char>(0xc0 | c >> 6);
  *at++ = static_cast<char>(0x80 | (c & 0x3f));
  return at;
}

void append_latin1(std::string& out, unsigned char c) {
  char bytes[2];
  out.append(bytes, put_latin1(bytes, c));
}

}  // namespace qtap
