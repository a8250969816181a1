// SPDX-License-Identifier: Apache-2.0
#include "sink/console.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "support/file_size_limit.h"

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

  TEST_CASE("collected blocks wait for a flush, a block that does not wait, or more of them") {
    const int file = ::memfd_create("console", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    Console console(file);
    off_t read_so_far = 0;
    const auto written = [&] {
      std::array<char, 1024> buffer;
      const ssize_t n = ::pread(file, buffer.data(), buffer.size(), read_so_far);
      const std::string text(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
      read_so_far += static_cast<off_t>(text.size());
      return text;
    };
    CHECK(console.collect("a").ok());
    CHECK(console.collect("b").ok());
    CHECK(written().empty());
    CHECK(console.flush().ok());
    CHECK(written() == "ab");
    CHECK(console.collect("c").ok());
    CHECK(console.write("d").ok());
    CHECK(written() == "cd");
    std::string block(1000, 'e');
    int blocks = 0;
    while (written().empty() && blocks < 100) {
      REQUIRE(console.collect(block).ok());
      ++blocks;
    }
    CHECK(blocks == 66);  // 64 KiB
    CHECK(console.take_lost() == 0);
    ::close(file);
  }

  TEST_CASE("collected blocks that cannot be written are counted") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    Console console(full);
    CHECK(console.collect("x").ok());
    CHECK(console.collect("y").ok());
    CHECK_FALSE(console.write("its own result").ok());
    CHECK(console.take_lost() == 2);
    CHECK(console.take_lost() == 0);
    CHECK_FALSE(console.collect("z").ok());
    ::close(full);
  }

  TEST_CASE("collected blocks that were written before the disk was full are not lost") {
    const int file = ::memfd_create("console", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    Console console(file);
    for (const char* block : {"first", "second", "third", "fourth"}) {
      CHECK(console.collect(block).ok());
    }
    bool failed = false;
    {
      const qtap::test::FileSizeLimit limit(13);  // two whole ones, and the beginning of the third
      failed = !console.flush().ok();
    }
    CHECK(failed);
    CHECK(console.take_lost() == 2);
    CHECK_FALSE(console.collect("fifth").ok());
    CHECK(console.take_lost() == 1);
    ::close(file);
  }

  TEST_CASE("a block that ends where the disk is full came out") {
    const int file = ::memfd_create("console", MFD_CLOEXEC);
    REQUIRE(file >= 0);
    Console console(file);
    CHECK(console.collect("first").ok());
    CHECK(console.collect("second").ok());
    {
      const qtap::test::FileSizeLimit limit(5);
      static_cast<void>(console.flush().ok());
    }
    CHECK(console.take_lost() == 1);
    ::close(file);
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
