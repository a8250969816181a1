// SPDX-License-Identifier: Apache-2.0
// memcpy() for texts that are mostly short, as names and values of header fields are: up to 32
// bytes are two moves, which overlap where they need not be whole, and no call.
#pragma once

#include <cstring>
#include <string_view>

namespace qtap::http {

template <size_t kSize>
void copy_ends(char* to, std::string_view text) {
  std::memcpy(to, text.data(), kSize);
  std::memcpy(to + text.size() - kSize, text.data() + text.size() - kSize, kSize);
}

// `to` has room for it, and is not in it.
inline void copy_short(char* to, std::string_view text) {
  if (text.size() > 32) {
    std::memcpy(to, text.data(), text.size());
  } else if (text.size() >= 16) {
    copy_ends<16>(to, text);
  } else if (text.size() >= 8) {
    copy_ends<8>(to, text);
  } else if (text.size() >= 4) {
    copy_ends<4>(to, text);
  } else {
    for (size_t i = 0; i < text.size(); ++i) to[i] = text[i];
  }
}

}  // namespace qtap::http
