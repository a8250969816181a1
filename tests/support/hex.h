// SPDX-License-Identifier: Apache-2.0
// Bytes as hex digits: how the programs that answer a test's questions pass them on.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace qtap::test {

inline std::string from_hex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

inline std::string to_hex(std::string_view bytes) {
  std::string out;
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    out += two;
  }
  return out;
}

}  // namespace qtap::test
