// SPDX-License-Identifier: Apache-2.0
#include "http/utf8_stream.h"

#include <cstddef>
#include <cstring>

namespace qtap::http {
namespace {

// How many bytes at the front are surely ASCII: whole words, as most texts are.
size_t ascii_prefix(std::string_view bytes) {
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= bytes.size(); at += sizeof word) {
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return at;
}

}  // namespace

bool Utf8Stream::add(std::string_view bytes) {
  if (left_ == 0) bytes.remove_prefix(ascii_prefix(bytes));
  for (const char byte : bytes) {
    const uint8_t c = static_cast<uint8_t>(byte);
    if (is_broken_) return false;
    if (left_ == 0) {
      is_broken_ = c >= 0x80 && !add_first(c);
    } else {
      is_broken_ = c < low_ || c > high_;
      low_ = 0x80;
      high_ = 0xbf;
      --left_;
    }
  }
  return !is_broken_;
}

// The table of RFC 3629, 4: which second bytes may follow a first one.
bool Utf8Stream::add_first(uint8_t c) {
  if (c < 0xc2 || c > 0xf4) return false;
  left_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
  low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
  high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
  return true;
}

}  // namespace qtap::http
