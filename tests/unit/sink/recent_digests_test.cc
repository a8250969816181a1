// SPDX-License-Identifier: Apache-2.0
#include "sink/recent_digests.h"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <string>
#include <unordered_set>

#include "base/sha256.h"

using namespace qtap;
using sink::RecentDigests;

TEST_SUITE("sink/recent_digests") {
  TEST_CASE("knows the last ones, and forgets the oldest first") {
    RecentDigests recent;
    const auto digest = [](size_t i) { return sha256_hex(std::to_string(i)); };
    CHECK_FALSE(recent.contains(digest(0)));
    const size_t all = 2 * RecentDigests::kRemembered + 100;
    for (size_t i = 0; i < all; ++i) recent.add(digest(i));
    const size_t oldest = all - RecentDigests::kRemembered;
    size_t wrong = 0;
    for (size_t i = 0; i < all; ++i) wrong += recent.contains(digest(i)) != (i >= oldest);
    CHECK(wrong == 0);
  }

  TEST_CASE("is what a set and a queue would be, also with many collisions") {
    RecentDigests recent;
    std::unordered_set<std::string> known;
    std::deque<std::string> order;
    std::mt19937 random(1);
    size_t wrong = 0;
    for (int i = 0; i < 60'000; ++i) {
      // The first digits decide where it goes: few of them are in use.
      std::string digest = std::string("0000000") + "0123"[random() % 4] + std::string(52, '0') +
                           std::to_string(1000 + random() % 1500);
      wrong += recent.contains(digest) != known.contains(digest);
      recent.add(digest);
      if (!known.insert(digest).second) continue;
      order.push_back(digest);
      if (order.size() <= RecentDigests::kRemembered) continue;
      known.erase(order.front());
      order.pop_front();
    }
    CHECK(known.size() == RecentDigests::kRemembered);
    CHECK(wrong == 0);
  }

  TEST_CASE("what is no digest is not remembered") {
    RecentDigests recent;
    recent.add("");
    recent.add("short");
    CHECK_FALSE(recent.contains(""));
    CHECK_FALSE(recent.contains("short"));
  }
}
