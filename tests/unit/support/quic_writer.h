// SPDX-License-Identifier: Apache-2.0
// The first datagram of a QUIC connection as far as it is not encrypted (RFC 9000, 17.2.2).
#pragma once

#include <string>

namespace qtap::test {

inline std::string quic_initial(size_t size = 1200) {
  std::string out("\xc3\0\0\0\x01\x08", 6);   // version 1, 8 bytes of a number
  out += "\x83\x94\xc8\xf0\x3e\x51\x57\x08";  // RFC 9001, A.1
  out += std::string("\0\0", 2);              // no number of its own, no token
  const size_t rest = size - out.size() - 2;
  out += static_cast<char>(0x40 | rest >> 8);
  out += static_cast<char>(rest);
  out += std::string(rest, '\x5a');
  return out;
}

}  // namespace qtap::test
