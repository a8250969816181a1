// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <doctest/doctest.h>

using namespace qtap;

TEST_SUITE("base/base64") {
  TEST_CASE("base64url without padding gives its bytes") {
    CHECK(base64url_bytes("") == "");
    CHECK(base64url_bytes("Zg") == "f");
    CHECK(base64url_bytes("Zm8") == "fo");
    CHECK(base64url_bytes("Zm9v") == "foo");
    CHECK(base64url_bytes("-_8") == "\xfb\xff");
  }

  TEST_CASE("what is no base64url gives nothing") {
    CHECK_FALSE(base64url_bytes("Z"));
    CHECK_FALSE(base64url_bytes("Zg=="));
    CHECK_FALSE(base64url_bytes("+/8"));
  }
}
