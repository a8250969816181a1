// SPDX-License-Identifier: Apache-2.0
#include "http/h2_boundary.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "../support/h2_writer.h"
#include "http/h2_frames.h"

using namespace qtap;
using namespace std::string_literals;
using http::H2Boundary;

namespace {

// Where a frame is found, from the beginning of `text`; npos: nowhere.
size_t found_in(const std::string& text, size_t piece = SIZE_MAX) {
  H2Boundary boundary;
  for (size_t at = 0; at < text.size();) {
    const size_t len = std::min(piece, text.size() - at);
    const size_t used = boundary.add(std::string_view(text).substr(0, at + len), len);
    if (boundary.has_found()) return at + used - static_cast<size_t>(boundary.found_length());
    at += len;
  }
  return std::string::npos;
}

std::string noise(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

const std::string kHead =
    test::H2Writer().write({"HEADERS 7 END_HEADERS END_STREAM", "  #2", "  #7", "  #4: /path",
                            "  user-agent: t", "  accept: x"});
const std::string kData = test::h2_frame(0, 0, 7, std::string(300, 'x'));
const std::string kWindow = test::h2_frame(8, 0, 7, test::h2_number(1, 4));

}  // namespace

TEST_SUITE("http/h2_boundary") {
  TEST_CASE("one head with sound fields, or several frames, are a proof") {
    CHECK(found_in(kHead) == 0);
    CHECK(found_in(kWindow + kWindow) == 0);
    CHECK(found_in(kData + kData + kData) == 0);
    CHECK(found_in(kData + kHead) == 0);
  }

  TEST_CASE("one frame of anything else is none") {
    CHECK(found_in(kWindow) == std::string::npos);
    CHECK(found_in(kData) == std::string::npos);
    CHECK(found_in(kData + kData) == std::string::npos);
    CHECK(found_in(test::H2Writer().write({"HEADERS 7 END_HEADERS", "  #8"})) == std::string::npos);
  }

  TEST_CASE("the frame is found behind whatever stands before it, however it is cut") {
    for (const std::string& before :
         {std::string(50, 'a'), std::string(50, '\0'), noise(5000, 3)}) {
      for (const size_t piece : {size_t{1}, size_t{7}, SIZE_MAX}) {
        CHECK(found_in(before + kHead + kData, piece) == before.size());
        CHECK(found_in(before + kWindow + kData + kData + kHead, piece) == before.size());
      }
    }
  }

  TEST_CASE("what is no HTTP/2 holds no proof") {
    CHECK(found_in(noise(4u << 20, 1)) == std::string::npos);
    CHECK(found_in(std::string(100000, '\0')) == std::string::npos);
    std::string text;
    while (text.size() < 100000) text += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    CHECK(found_in(text) == std::string::npos);
    for (uint32_t step = 1; step < 9; ++step) {
      std::string numbers;  // big-endian numbers, as many binary formats have them
      for (uint32_t i = 0; i < 20000; i += step) numbers += test::h2_number(i, 4);
      CAPTURE(step);
      CHECK(found_in(numbers) == std::string::npos);
    }
  }

  TEST_CASE("a proof that began too long ago begins at its last frame") {
    const std::string large = test::h2_frame(0, 0, 7, std::string(60000, 'x'));
    const size_t found = found_in(large + large + large + large + kWindow + kWindow);
    CHECK(found > 0);
    CHECK(found % large.size() == 0);
  }

  TEST_CASE("nothing is found across a loss") {
    H2Boundary boundary;
    boundary.add(kWindow, kWindow.size());
    boundary.lose();
    boundary.add(kWindow, kWindow.size());
    CHECK_FALSE(boundary.has_found());
  }

  TEST_CASE("only what a proof may begin with is needed") {
    H2Boundary boundary;
    const std::string text = noise(64, 5);
    boundary.add(text, text.size());
    CHECK(boundary.needed() == 8);  // of a header
    H2Boundary frames;
    const std::string begun = text + kWindow + "\0"s;
    frames.add(begun, begun.size());
    CHECK(frames.needed() == kWindow.size() + 1);
  }

  TEST_CASE("the end of a long DATA is waited for, where its beginning is not held any more") {
    // No proof yet, unless the other direction is known to be frames.
    const std::string head = test::H2Writer().write({"HEADERS 7 END_HEADERS", "  #15"});
    const std::string data = test::h2_frame(0, 0, 7, std::string(200000, 'x'));
    const std::string chain = head + data + kWindow;
    H2Boundary boundary;
    const std::string begun = chain.substr(0, chain.size() - kWindow.size() - 1000);
    boundary.add(begun, begun.size());
    REQUIRE_FALSE(boundary.has_found());
    boundary.relax();
    REQUIRE_FALSE(boundary.has_found());
    const std::string rest = chain.substr(begun.size());
    boundary.add(begun.substr(begun.size() - boundary.needed()) + rest, rest.size());
    REQUIRE(boundary.has_found());
    CHECK(boundary.found_length() == 9);  // the header of WINDOW_UPDATE
  }

  TEST_CASE("headers that RFC 9113 refuses are no evidence") {
    const auto bits = [](const std::string& frame) {
      return http::h2_evidence_bits(
          http::read_h2_header(reinterpret_cast<const uint8_t*>(frame.data())));
    };
    CHECK(bits(kHead) > 0);
    CHECK(bits(test::h2_frame(0, 0, 0, "x")) == 0);            // DATA on stream 0
    CHECK(bits(test::h2_frame(0, 0x40, 1, "x")) == 0);         // a flag that it has not
    CHECK(bits(test::h2_frame(8, 0, 1, "xyz")) == 0);          // WINDOW_UPDATE of 3 bytes
    CHECK(bits(test::h2_frame(0x50, 0, 1, "x")) == 0);         // no known type
    CHECK(bits(test::h2_frame(0, 0, 0x80000001u, "x")) == 0);  // the reserved bit
  }
}
