// SPDX-License-Identifier: Apache-2.0
#include "http/fields.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;

TEST_SUITE("http/fields") {
  TEST_CASE("canonical names begin each word with a capital letter") {
    CHECK(http::canonical_name("content-type") == "Content-Type");
    CHECK(http::canonical_name("X-REQUEST-ID") == "X-Request-Id");
    CHECK(http::canonical_name("etag") == "Etag");
    CHECK(http::canonical_name("x--y") == "X--Y");
    CHECK(http::canonical_name("") == "");
    CHECK(http::canonical_name("\xc3\xa4-b") == "\xc3\xa4-B");
  }

  TEST_CASE("repeats are joined as each field allows, in order of first appearance") {
    const http::FieldList headers = {{"accept", "a"},     {"cookie", "x=1"}, {"Set-Cookie", "s=1"},
                                     {"Accept", "b"},     {"Cookie", "y=2"}, {"set-cookie", "t=2"},
                                     {"X-Only-Once", "z"}};
    const auto fields = http::joined_fields(headers);
    REQUIRE(fields.size() == 4);
    CHECK(fields[0] == std::pair<std::string, std::string>("Accept", "a, b"));
    CHECK(fields[1] == std::pair<std::string, std::string>("Cookie", "x=1; y=2"));
    CHECK(fields[2] == std::pair<std::string, std::string>("Set-Cookie", "s=1\nt=2"));
    CHECK(fields[3] == std::pair<std::string, std::string>("X-Only-Once", "z"));
  }

  TEST_CASE("repeats are found in any case") {
    CHECK(http::has_repeats({{"a", "1"}, {"b", "2"}, {"A", "3"}}));
    CHECK_FALSE(http::has_repeats({{"a", "1"}, {"b", "2"}}));
    CHECK_FALSE(http::has_repeats({}));
  }

  TEST_CASE("repeats are found among few and among many") {
    for (size_t count = 0; count <= 70; ++count) {
      http::FieldList fields;
      for (size_t i = 0; i < count; ++i) fields.push_back({"x-" + std::to_string(i) + "-y", "1"});
      CHECK_FALSE(http::has_repeats(fields));
      if (count == 0) continue;
      fields.push_back({"X-" + std::to_string(count / 2) + "-Y", "2"});
      CHECK(http::has_repeats(fields));
    }
  }

  // Where this takes half a minute, some work grows with the square of what the peer sends.
  TEST_CASE("as many fields as a head may have, and one more of the first name") {
    http::FieldList fields;
    for (size_t n = 0; n < 65536; ++n) {
      std::string name = "x000";
      for (size_t digit = 0, left = n; digit < 4; ++digit, left /= 16) {
        name[3 - digit] = static_cast<char>('a' + left % 16);
      }
      fields.push_back({name, "1"});
    }
    CHECK_FALSE(http::has_repeats(fields));
    fields.push_back({"AAAA", "2"});
    CHECK(http::has_repeats(fields));
    const auto joined = http::joined_fields(fields);
    CHECK(joined.size() == 65536);
    CHECK(joined.front() == std::pair<std::string, std::string>("Aaaa", "1, 2"));
    CHECK(joined.back().first == "Pppp");
  }
}
