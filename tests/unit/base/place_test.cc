// SPDX-License-Identifier: Apache-2.0
#include "base/place.h"

#include <doctest/doctest.h>

using namespace qtap;

TEST_SUITE("base/place") {
  TEST_CASE("places: what is known is put in, the rest stays") {
    const Placeholder known[] = {{"A", "1"}, {"B", "{{A}}"}};
    CHECK(expand("x{{A}}y{{B}}z{{C}}", known) == "x1y{{A}}z{{C}}");
    CHECK(expand("{{", known) == "{{");
    CHECK(expand("{{A", known) == "{{A");
    CHECK(expand("", known).empty());
  }

  TEST_CASE("the names in a text, known or not") {
    CHECK(placeholders_in("x{{A}}y{{}}z{{C") == std::vector<std::string_view>{"A", ""});
    CHECK(placeholders_in("").empty());
  }
}
