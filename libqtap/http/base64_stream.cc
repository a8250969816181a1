// SPDX-License-Identifier: Apache-2.0
#include "http/base64_stream.h"

namespace qtap::http {
namespace {

int digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

}  // namespace

size_t Base64Stream::decode(std::string_view& text, char* out, size_t room) {
  size_t used = 0;
  size_t written = 0;
  while (used < text.size() && written < room) {
    const char c = text[used];
    const int value = digit(c);
    if (c == '=' && place_ >= 2) {
      padding_ = place_ == 2;
      place_ = static_cast<uint8_t>((place_ + 1) % 4);
    } else if (value < 0 || padding_) {
      failed_ = true;
      break;
    } else {
      bits_ = bits_ << 6 | static_cast<uint32_t>(value);
      // The second, third and fourth digit complete a byte each; 4, 2 and 0 bits are left.
      if (place_ > 0) out[written++] = static_cast<char>(bits_ >> (6 - 2 * place_) & 0xff);
      place_ = static_cast<uint8_t>((place_ + 1) % 4);
    }
    ++used;
  }
  text.remove_prefix(used);
  return written;
}

}  // namespace qtap::http
