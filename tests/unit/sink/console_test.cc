// SPDX-License-Identifier: Apache-2.0
#include "sink/console.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

using qtap::sink::Console;

TEST_SUITE("sink/console") {
  TEST_CASE("blocks of several threads never mix") {
    std::array<int, 2> ends;
    REQUIRE(::pipe(ends.data()) == 0);
    Console console(ends[1]);
    constexpr size_t kBlock = 3000;
    std::string all;
    std::thread reader([&] {
      std::array<char, 65536> buffer;
      ssize_t n;
      while ((n = ::read(ends[0], buffer.data(), buffer.size())) > 0)
        all.append(buffer.data(), static_cast<size_t>(n));
    });
    std::vector<std::thread> writers;
    for (const char c : {'a', 'b', 'c'}) {
      writers.emplace_back([&console, c] {
        for (int i = 0; i < 50; ++i) CHECK(console.write(std::string(kBlock, c)).ok());
      });
    }
    for (std::thread& writer : writers) writer.join();
    ::close(ends[1]);
    reader.join();
    ::close(ends[0]);
    REQUIRE(all.size() == 3 * 50 * kBlock);
    for (size_t at = 0; at < all.size(); at += kBlock) {
      CHECK(all.find_first_not_of(all[at], at) >= at + kBlock);
    }
  }

  TEST_CASE("a reader that is gone is an error, not a signal, and ends the writing") {
    std::array<int, 2> ends;
    REQUIRE(::pipe(ends.data()) == 0);
    ::close(ends[0]);
    Console console(ends[1]);
    const qtap::Status status = console.write("x");
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text == "write to standard output: Broken pipe");
    for (const qtap::Status& later : {console.write("y"), console.status()}) {
      REQUIRE_FALSE(later.ok());
      CHECK(later.error().text == status.error().text);
    }
    ::close(ends[1]);
  }

  TEST_CASE("a full disk is told with the words of the system") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    Console console(full);
    const qtap::Status status = console.write("secret");
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text == "write to standard output: No space left on device");
    ::close(full);
  }
}
