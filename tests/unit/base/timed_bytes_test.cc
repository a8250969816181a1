// SPDX-License-Identifier: Apache-2.0
#include "base/timed_bytes.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;

namespace {

std::string in_time(const std::array<TimedBytes, 2>& both) {
  std::string told;
  TimedBytes::for_each_in_time(both, [&](size_t side, int64_t time_ns, std::string_view bytes) {
    told += std::to_string(side) + "@" + std::to_string(time_ns) + ":" + std::string(bytes) + " ";
  });
  return told;
}

}  // namespace

TEST_SUITE("base/timed_bytes") {
  TEST_CASE("two directions come in the order of time, the first one first where they are even") {
    std::array<TimedBytes, 2> both;
    CHECK(in_time(both).empty());
    both[0].append(1, "ab");
    both[0].append(4, "c");
    both[1].append(2, "x");
    both[1].append(4, "y");
    both[1].append(5, "z");
    CHECK(in_time(both) == "0@1:ab 1@2:x 0@4:c 1@4:y 1@5:z ");
    both[0].clear();
    CHECK(in_time(both) == "1@2:x 1@4:y 1@5:z ");
  }
}
