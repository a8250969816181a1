// SPDX-License-Identifier: Apache-2.0
#include "http/byte_scan.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

using namespace qtap;

TEST_SUITE("http/byte_scan") {
  TEST_CASE("a byte below the limit is found at every place of texts of every length") {
    for (const unsigned char limit : std::initializer_list<unsigned char>{1, 14, 33, 128}) {
      for (size_t size = 0; size < 40; ++size) {
        const std::string sound(size, static_cast<char>(limit));
        CHECK_FALSE(http::has_byte_below(sound, limit));
        CHECK_FALSE(http::has_byte_below(std::string(size, '\xff'), limit));
        for (size_t at = 0; at < size; ++at) {
          std::string text = sound;
          text[at] = static_cast<char>(limit - 1);
          CHECK(http::has_byte_below(text, limit));
        }
      }
    }
  }

  TEST_CASE("a byte that is neither lower case letter nor hyphen is found at every place") {
    for (size_t size = 4; size < 20; ++size) {
      for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool is_good = (c >= 'a' && c <= 'z') || c == '-';
        for (size_t at = 0; at < size; ++at) {
          std::string text(size, at % 2 == 0 ? 'z' : '-');
          text[at] = c;
          CHECK(http::is_lower_or_hyphen(text) == is_good);
        }
      }
    }
    CHECK_FALSE(http::is_lower_or_hyphen("abc"));  // for another look
  }
}
