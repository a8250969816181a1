// SPDX-License-Identifier: Apache-2.0
#include "rulekit/text_search.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace qtap::rulekit;

namespace {

std::string random_text(std::mt19937* random, size_t len) {
  static const std::vector<std::string> kLetters = {"ab", std::string("\0\1", 2),
                                                    "\x7f\x80\x81\xff", "abcdefghijklmnop"};
  const std::string& letters = kLetters[(*random)() % kLetters.size()];
  std::string text;
  while (text.size() < len) text += letters[(*random)() % letters.size()];
  return text;
}

}  // namespace

TEST_SUITE("rulekit/text_search") {
  TEST_CASE("a part is found where find() finds it, in texts and parts of every length") {
    std::mt19937 random(1);
    size_t found = 0;
    size_t asked = 0;
    for (size_t len = 0; len <= 90; ++len) {
      for (size_t part_len = 0; part_len <= 40; ++part_len) {
        for (int round = 0; round < 8; ++round, ++asked) {
          // Of just that size, for those who watch what is read.
          const std::string made = random_text(&random, len);
          const std::vector<char> bytes(made.begin(), made.end());
          const std::string_view text(bytes.data(), bytes.size());
          std::string part = random_text(&random, part_len);
          if (round % 2 == 0 && part_len <= len) {
            part = text.substr(random() % (len - part_len + 1), part_len);
            if (round % 4 == 0 && part_len > 0) part[random() % part_len] ^= '\1';
          }
          const bool expected = text.find(part) != std::string_view::npos;
          const bool begins = text.starts_with(part);
          const bool ends = text.ends_with(part);
          CHECK(has_part(text, part) == expected);
          CHECK(begins_with(text, part) == begins);
          CHECK(finishes_with(text, part) == ends);
          found += expected ? 1u : 0u;
        }
      }
    }
    CHECK(found > asked / 8);
    CHECK(found < asked * 3 / 4);
  }

  TEST_CASE("a part is found at every place") {
    for (size_t len = 1; len <= 70; ++len) {
      for (size_t at = 0; at < len; ++at) {
        for (size_t part_len = 1; at + part_len <= len; ++part_len) {
          std::string text(len, '.');
          std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), part_len, 'x');
          const std::string part(part_len, 'x');
          const bool found = has_part(text, part);
          const bool longer = has_part(text, part + 'x');
          CHECK(found);
          CHECK_FALSE(longer);
        }
      }
    }
  }
}
