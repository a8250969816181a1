// SPDX-License-Identifier: Apache-2.0
#include "net/gzip.h"

#include <doctest/doctest.h>

#include <string>

#include "support/gunzip.h"

using namespace qtap;

TEST_SUITE("net/gzip") {
  TEST_CASE("what was compressed comes out again, whatever it is") {
    std::string noise;
    for (uint32_t i = 0, x = 1; i < 300'000; ++i) {
      x = x * 1664525 + 1013904223;  // Numerical Recipes' generator: does not shrink
      noise += static_cast<char>(x >> 24);
    }
    const std::string texts[] = {"", "a", std::string(1'000'000, 'x'), noise};
    for (const std::string& text : texts) {
      const Result<std::string> packed = net::gzip(text);
      REQUIRE(packed.ok());
      CHECK(test::gunzip(*packed) == text);
    }
    CHECK(net::gzip(texts[2])->size() < 10'000);
  }
}
