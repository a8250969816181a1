// SPDX-License-Identifier: Apache-2.0
// Base64 decoded as it comes (RFC 4648, 4), also when it is several padded texts behind each other,
// which application/grpc-web-text allows. Strict: no line ends, no other alphabet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qtap::http {

class Base64Stream {
 public:
  // Takes from the front of `text` what fits into `room` bytes at `out`; returns how many bytes it
  // wrote. It stops in front of a character that cannot stand there: failed().
  size_t decode(std::string_view& text, char* out, size_t room);

  bool failed() const { return failed_; }
  // Nothing is half read: the text may end here.
  bool at_boundary() const { return place_ == 0; }
  void fail() { failed_ = true; }
  void restart() { *this = Base64Stream(); }

 private:
  uint32_t bits_ = 0;     // of the group of four at hand
  uint8_t place_ = 0;     // in that group
  bool padding_ = false;  // one more "=" must come
  bool failed_ = false;
};

}  // namespace qtap::http
