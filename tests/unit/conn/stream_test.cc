// SPDX-License-Identifier: Apache-2.0
#include "conn/stream.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using qtap::conn::Stream;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
std::string text(std::span<const uint8_t> b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

}  // namespace

TEST_SUITE("conn/stream") {
  TEST_CASE("pieces in order come out as they are") {
    Stream stream;
    CHECK(text(stream.add(0, 3, bytes("abc")).bytes) == "abc");
    CHECK(text(stream.add(3, 2, bytes("de")).bytes) == "de");
    CHECK(stream.next() == 5);
  }

  TEST_CASE("a jump of the offset is a gap of that length") {
    Stream stream;
    stream.add(0, 3, bytes("abc"));
    const Stream::Piece piece = stream.add(10, 1, bytes("x"));
    CHECK(piece.gap_before == 7);
    CHECK(text(piece.bytes) == "x");
    CHECK(piece.gap_after == 0);
  }

  TEST_CASE("a piece that was not captured whole ends in a gap") {
    Stream stream;
    const Stream::Piece piece = stream.add(0, 10, bytes("abc"));
    CHECK(text(piece.bytes) == "abc");
    CHECK(piece.gap_after == 7);
    CHECK(stream.next() == 10);
  }

  TEST_CASE("a piece without any bytes is a gap only") {
    Stream stream;
    const Stream::Piece piece = stream.add(0, 10, {});
    CHECK(piece.bytes.empty());
    CHECK(piece.gap_after == 10);
  }

  TEST_CASE("bytes that were delivered are not delivered again") {
    Stream stream;
    stream.add(0, 3, bytes("abc"));
    CHECK(stream.add(0, 3, bytes("abc")).bytes.empty());
    CHECK(text(stream.add(1, 4, bytes("bcde")).bytes) == "de");
    CHECK(stream.next() == 5);
  }

  TEST_CASE("an overlap with a piece that is cut gives the exact gap") {
    Stream stream;
    stream.add(0, 4, bytes("abcd"));
    const Stream::Piece piece = stream.add(2, 8, bytes("cd"));
    CHECK(piece.bytes.empty());
    CHECK(piece.gap_after == 6);
    CHECK(stream.next() == 10);
  }

  TEST_CASE("finish tells what never came, once") {
    Stream stream;
    stream.add(0, 4, bytes("abcd"));
    CHECK(stream.finish(9, 0, 0).gap_before == 5);
    CHECK(stream.finish(9, 0, 0).gap_before == 0);
  }
}
