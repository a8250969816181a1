// SPDX-License-Identifier: Apache-2.0
#include "http/start_finder.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap::http;

TEST_SUITE("http/start_finder") {
  TEST_CASE("the first bytes of a stream are a start as soon as they prove one") {
    StartFinder finder;
    CHECK(finder.add(1, "GE") == 2);
    CHECK_FALSE(finder.has_found());
    CHECK(finder.add(2, "T /") == 3);
    CHECK(finder.found() == StartLine::kRequest);
    const qtap::TimedBytes begun = finder.take();
    CHECK(begun.view() == "GET /");
    int64_t first_ns = 0;
    begun.for_each([&](int64_t time_ns, std::string_view) {
      if (first_ns == 0) first_ns = time_ns;
    });
    CHECK(first_ns == 1);
  }

  TEST_CASE("the search stops behind the start line and leaves the rest unused") {
    StartFinder finder;
    const std::string text = "rest of a body\r\nHTTP/1.1 200 OK\r\nA: b\r\n";
    const size_t used = finder.add(1, text);
    CHECK(finder.found() == StartLine::kResponse);
    CHECK(finder.take().view() == "HTTP/1.1 200 OK\r\n");
    CHECK(text.substr(used) == "A: b\r\n");
  }

  TEST_CASE("only the wanted kind is found") {
    StartFinder finder;
    finder.want(StartLine::kResponse);
    finder.add(1, "GET / HTTP/1.1\r\n");
    CHECK_FALSE(finder.has_found());
    finder.add(1, "HTTP/1.1 200 OK\r\n");
    CHECK(finder.has_found());
  }

  TEST_CASE("what was held before a loss is not joined with what follows") {
    StartFinder finder;
    finder.add(1, "xx\r\nGET /");
    finder.lose();
    finder.add(1, " HTTP/1.1\r\n");
    CHECK_FALSE(finder.has_found());
  }

  TEST_CASE("little is kept of a line that does not end") {
    StartFinder finder;
    for (int i = 0; i < 1000; ++i) finder.add(1, std::string(1000, 'x'));
    finder.add(1, "HTTP/1.1 200 OK\r\n");
    REQUIRE(finder.has_found());
    CHECK(finder.take().view() == "HTTP/1.1 200 OK\r\n");
  }
}
