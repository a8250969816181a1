// SPDX-License-Identifier: Apache-2.0
#include "rulekit/key_table.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace qtap::rulekit;

TEST_SUITE("rulekit/key_table") {
  TEST_CASE("texts are the same when every byte is, whatever their length") {
    for (size_t len = 0; len <= 70; ++len) {
      std::string text;
      for (size_t at = 0; at < len; ++at) text += static_cast<char>('!' + at);
      CAPTURE(len);
      CHECK(same_text(text, std::string(text)));
      CHECK_FALSE(same_text(text, text + "x"));
      for (size_t at = 0; at < len; ++at) {
        std::string other = text;
        other[at] = '\0';
        CAPTURE(at);
        CHECK_FALSE(same_text(text, other));
        CHECK(hash_of(std::string_view(text)) != hash_of(std::string_view(other)));
      }
    }
  }

  TEST_CASE("keys have the numbers of their first insertion") {
    std::vector<std::string> texts;
    for (int n = 0; n < 1000; ++n) texts.push_back("key " + std::to_string(n));
    KeyTable<std::string_view> table;
    CHECK(table.find("key 0") == KeyTable<std::string_view>::kNone);
    for (const std::string& text : texts) table.insert(text);
    for (uint32_t n = 0; n < texts.size(); ++n) {
      CHECK(table.insert(texts[n]) == n);
      CHECK(table.find(texts[n]) == n);
    }
    CHECK(table.find("key 1000") == KeyTable<std::string_view>::kNone);
    CHECK(table.keys().size() == texts.size());
  }
}
