// SPDX-License-Identifier: Apache-2.0
#include "sink/back_off.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using qtap::sink::BackOff;

TEST_SUITE("sink/back_off") {
  TEST_CASE("waits double from the first to the longest, half of each random") {
    BackOff back_off(200ms, 30s, 7);
    std::chrono::nanoseconds most = 200ms;
    for (int i = 0; i < 12; ++i) {
      back_off.failed();
      const auto wait = back_off.wait();
      CHECK(wait >= most / 2);
      CHECK(wait < most);
      most = std::min<std::chrono::nanoseconds>(most * 2, 30s);
    }
    CHECK(most == 30s);
    CHECK(back_off.is_open());
    back_off.succeeded();
    CHECK_FALSE(back_off.is_open());
    back_off.failed();
    CHECK(back_off.wait() < 200ms);
  }

  TEST_CASE("two that failed together do not return together") {
    BackOff one(1s, 30s, 1000);
    BackOff two(1s, 30s, 2000);
    one.failed();
    two.failed();
    CHECK(one.wait() != two.wait());
  }

  TEST_CASE("what the store asked for is honoured, up to the longest wait") {
    BackOff back_off(200ms, 30s, 7);
    back_off.failed();
    CHECK(back_off.wait(7s) == 7s);
    CHECK(back_off.wait(1h) == 30s);
    CHECK(back_off.wait(1ms) >= 100ms);
  }

  TEST_CASE("a longest wait below the first one is the longest") {
    BackOff back_off(1s, 10ms, 7);
    back_off.failed();
    CHECK(back_off.wait() < 10ms);
    BackOff none(0ns, 0ns, 7);
    none.failed();
    CHECK(none.wait() <= 1ns);
  }
}
