// SPDX-License-Identifier: Apache-2.0
#include "http/late_start.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;
using http::LateStart;

namespace {

// Adds the text in pieces of `step` bytes; what take() has then, or "" if nothing was found.
std::string found_in(std::string_view text, size_t step) {
  LateStart late;
  bool found = false;
  std::string taken;
  for (size_t at = 0; at < text.size(); at += step) {
    const std::string_view piece = text.substr(at, step);
    if (found) {
      taken += piece;
    } else if (late.add(Direction::kReceived, 1, piece)) {
      found = true;
      taken = late.take()[index(Direction::kReceived)].view();
    }
  }
  return taken;
}

}  // namespace

TEST_SUITE("http/late_start") {
  TEST_CASE("a start line is found wherever it begins and however the bytes are cut") {
    const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const std::string request = "GET /key HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t step = 1; step < 60; ++step) {
      CAPTURE(step);
      CHECK(found_in(response, step) == response);
      CHECK(found_in("the rest of a body" + response, step) == response);
      CHECK(found_in("a line\nand a half" + request, step) == request);
    }
  }

  TEST_CASE(
      "the first line may have a method that a longer one ends with; after a loss it may not") {
    const std::string request = "PATCH /a HTTP/1.1\r\nHost: a\r\n\r\n";  // PROPPATCH
    CHECK(found_in(request, 5) == request);
    LateStart late;
    late.lose(Direction::kSent);
    CHECK_FALSE(late.add(Direction::kSent, 1, request));
  }

  TEST_CASE("what only begins like one, or speaks of one, is none") {
    for (const size_t step : {size_t{1}, size_t{7}, size_t{100}}) {
      CHECK(found_in("GET key\r\n", step).empty());
      CHECK(found_in("as in GET / HTTP/1.1\r\n", step).empty());
      CHECK(found_in("HTTP/1.1 200", step).empty());
    }
  }

  TEST_CASE("of the other direction comes what may belong to a start line") {
    LateStart late;
    CHECK_FALSE(late.add(Direction::kReceived, 1, "gone\nHTTP/1.1 20"));
    CHECK(late.add(Direction::kSent, 2, "GET / HTTP/1.1\r\nHost"));
    const auto first = late.take();
    CHECK(first[index(Direction::kSent)].view() == "GET / HTTP/1.1\r\nHost");
    CHECK(first[index(Direction::kReceived)].view() == "HTTP/1.1 20");
  }

  TEST_CASE("a loss parts what stands before it from what comes") {
    LateStart late;
    CHECK_FALSE(late.add(Direction::kSent, 1, "GET / HT"));
    late.lose(Direction::kSent);
    CHECK_FALSE(late.add(Direction::kSent, 2, "TP/1.1\r\n"));
  }
}
