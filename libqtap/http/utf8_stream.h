// SPDX-License-Identifier: Apache-2.0
// Well-formedness of UTF-8 (RFC 3629, 4) of a text that comes in pieces cut anywhere.
#pragma once

#include <cstdint>
#include <string_view>

namespace qtap::http {

class Utf8Stream {
 public:
  // false: this text is not UTF-8, and stays so.
  bool add(std::string_view bytes);
  // Whether the text may end here.
  bool is_whole() const { return !is_broken_ && left_ == 0; }

 private:
  bool add_first(uint8_t c);

  bool is_broken_ = false;
  uint8_t left_ = 0;  // bytes of the character at hand that must come
  uint8_t low_ = 0;   // the range of the next of them
  uint8_t high_ = 0;
};

}  // namespace qtap::http
