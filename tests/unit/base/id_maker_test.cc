// SPDX-License-Identifier: Apache-2.0
#include "base/id_maker.h"

#include <doctest/doctest.h>

#include <set>

using qtap::IdMaker;

TEST_SUITE("base/id_maker") {
  TEST_CASE("an id is 20 characters of base32hex") {
    const std::string id = IdMaker(1).next(1'700'000'000'000'000'000);
    CHECK(id.size() == 20);
    CHECK(id.find_first_not_of("0123456789abcdefghijklmnopqrstuv") == std::string::npos);
  }

  TEST_CASE("ids sort by time") {
    IdMaker ids(1);
    const std::string earlier = ids.next(1'700'000'000'000'000'000);
    const std::string later = ids.next(1'700'000'000'000'000'032);
    CHECK(earlier < later);
  }

  TEST_CASE("ids of one instant differ") {
    IdMaker ids(1);
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) seen.insert(ids.next(5));
    CHECK(seen.size() == 10'000);
  }

  TEST_CASE("the same seed gives the same ids") {
    IdMaker a(9), b(9), c(10);
    const std::string id = a.next(5);
    CHECK(id == b.next(5));
    CHECK(id != c.next(5));
  }
}
