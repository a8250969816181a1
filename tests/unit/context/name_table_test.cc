// SPDX-License-Identifier: Apache-2.0
#include "context/name_table.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

using namespace qtap;
using context::NameTable;

namespace {

constexpr int64_t kMinute = 60'000'000'000;

Address ip(uint32_t n) {
  Address a;
  a.family = AF_INET;
  a.ip[10] = a.ip[11] = 0xff;
  for (size_t i = 0; i < 4; ++i) a.ip[12 + i] = static_cast<uint8_t>(n >> (24 - 8 * i));
  return a;
}

}  // namespace

TEST_SUITE("context/name_table") {
  TEST_CASE("a name is known in its container alone") {
    NameTable names;
    names.add("c1", ip(1), "a.example", 0);
    CHECK(names.find("c1", ip(1), 1) == "a.example");
    CHECK(names.find("c2", ip(1), 1).empty());
    CHECK(names.find("", ip(1), 1).empty());
    CHECK(names.find("c1", ip(2), 1).empty());
  }

  TEST_CASE("the port does not matter, and an address that is not known has no name") {
    NameTable names;
    names.add("", ip(1), "a.example", 0);
    Address with_port = ip(1);
    with_port.port = 443;
    CHECK(names.find("", with_port, 1) == "a.example");
    CHECK(names.find("", Address{}, 1).empty());
  }

  TEST_CASE("a name lasts five minutes, and each use begins them again") {
    NameTable names;
    names.add("", ip(1), "a.example", 0);
    CHECK(names.find("", ip(1), 4 * kMinute) == "a.example");
    CHECK(names.find("", ip(1), 8 * kMinute) == "a.example");
    CHECK(names.find("", ip(1), 14 * kMinute).empty());
    CHECK(names.find("", ip(1), 14 * kMinute).empty());
    names.add("", ip(1), "a.example", 14 * kMinute);
    CHECK(names.find("", ip(1), 19 * kMinute) == "a.example");
  }

  TEST_CASE("the newest name of an address counts") {
    NameTable names;
    names.add("", ip(1), "a.example", 0);
    names.add("", ip(1), "b.example", 1);
    CHECK(names.find("", ip(1), 2) == "b.example");
    CHECK(names.size() == 1);
  }

  TEST_CASE(
      "old names go on the way; a full table forgets the one unused for longest, and counts") {
    NameTable names;
    for (uint32_t n = 0; n < 100; ++n) names.add("", ip(n), "old.example", 0);
    for (uint32_t n = 0; n < 100; ++n) names.add("", ip(1000 + n), "new.example", 6 * kMinute);
    CHECK(names.size() == 100);
    CHECK(names.forgotten() == 0);
    for (uint32_t n = 0; n < NameTable::kMaxNames; ++n) {
      names.add("", ip(10000 + n), "x.example", 6 * kMinute);
      names.find("", ip(1000), 6 * kMinute);
    }
    CHECK(names.size() == NameTable::kMaxNames);
    CHECK(names.forgotten() == 100);
    CHECK(names.find("", ip(1000), 6 * kMinute) == "new.example");
    CHECK(names.find("", ip(1001), 6 * kMinute).empty());
  }
}
