// SPDX-License-Identifier: Apache-2.0
#include "http/late_start.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "../support/h2_writer.h"
#include "http/h2_frames.h"

using namespace qtap;
using http::LateStart;
using http::Speaks;

namespace {

const std::string kPreface = http::kH2Preface;
const std::string kSettings = test::h2_frame(4, 0, 0, "");
const std::string kWindow = test::h2_frame(8, 0, 7, test::h2_number(1, 4));

// Adds the text in pieces of `step` bytes; what take() has then, or "" if nothing was found.
std::string found_in(std::string_view text, size_t step, Speaks* what = nullptr) {
  LateStart late;
  bool found = false;
  std::string taken;
  for (size_t at = 0; at < text.size(); at += step) {
    const std::string_view piece = text.substr(at, step);
    if (found) {
      taken += piece;
    } else if (late.add(Direction::kReceived, 1, piece)) {
      found = true;
      if (what != nullptr) *what = late.found();
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

  TEST_CASE("the preface of HTTP/2 is found anywhere, in the middle of a piece too") {
    for (const std::string before : {"", "junk", "PRI * HTT", "PRI * HTTPPRI", "GET key\r\nP"}) {
      for (size_t step = 1; step < 60; ++step) {
        CAPTURE(before);
        CAPTURE(step);
        Speaks found = Speaks::kNeedMore;
        CHECK(found_in(before + kPreface + kSettings, step, &found) == kPreface + kSettings);
        CHECK(found == Speaks::kHttp2);
      }
    }
    CHECK(found_in("PRI * HTTP/2.0\r\n\r\nSM\r\n\n", 7).empty());
  }

  TEST_CASE("frames are found anywhere, in the middle of a piece too") {
    const std::string frames = kSettings + kWindow + kWindow;
    for (const std::string& before : {std::string(), std::string("x"), std::string(20000, '\0')}) {
      for (const size_t step : {size_t{1}, size_t{7}, size_t{50000}}) {
        CAPTURE(step);
        Speaks found = Speaks::kNeedMore;
        CHECK(found_in(before + frames, step, &found) == frames);
        CHECK(found == Speaks::kHttp2Late);
      }
    }
  }

  TEST_CASE("what is proven first counts, not what is looked for first") {
    const std::string request = "GET / HTTP/1.1\r\n";
    for (const size_t step : {size_t{1}, size_t{1000}}) {
      Speaks found = Speaks::kNeedMore;
      CHECK(found_in(request + kPreface, step, &found) == request + kPreface);
      CHECK(found == Speaks::kHttp1);
      CHECK(found_in(kWindow + kWindow + request + kPreface, step, &found) ==
            kWindow + kWindow + request + kPreface);
      CHECK(found == Speaks::kHttp2Late);
      CHECK(found_in(kPreface + kWindow + kWindow + request, step, &found) ==
            kPreface + kWindow + kWindow + request);
      CHECK(found == Speaks::kHttp2);
    }
  }

  TEST_CASE("a server's SETTINGS that came before the preface stay with it, other bytes do not") {
    for (const auto& [before, kept] :
         {std::pair("junk" + kSettings, kSettings), std::pair(std::string("junk"), std::string()),
          std::pair(kWindow, std::string())}) {
      LateStart late;
      CHECK_FALSE(late.add(Direction::kReceived, 1, before));
      CHECK(late.add(Direction::kSent, 2, "x" + kPreface));
      const auto first = late.take();
      CHECK(first[index(Direction::kSent)].view() == kPreface);
      CHECK(first[index(Direction::kReceived)].view() == kept);
    }
  }

  TEST_CASE("a loss parts what stands before it from what comes") {
    LateStart late;
    CHECK_FALSE(late.add(Direction::kSent, 1, "GET / HT"));
    late.lose(Direction::kSent);
    CHECK_FALSE(late.add(Direction::kSent, 2, "TP/1.1\r\n"));
    CHECK_FALSE(late.add(Direction::kReceived, 1, kPreface.substr(0, 20)));
    late.lose(Direction::kReceived);
    CHECK_FALSE(late.add(Direction::kReceived, 2, kPreface.substr(20)));
  }
}
