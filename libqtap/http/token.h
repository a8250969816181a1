// SPDX-License-Identifier: Apache-2.0
// The characters of which HTTP makes its words.
#pragma once

#include <string_view>

namespace qtap::http {

// RFC 9110, 5.6.2.
inline bool is_tchar(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// RFC 9110, 5.6.3: OWS and BWS.
inline bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// qdtext and quoted-pair of RFC 9110, 5.6.4: what a quoted string may hold, one way or the other.
inline bool is_quotable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace qtap::http
