// SPDX-License-Identifier: Apache-2.0
#include "http/chunk_line.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using qtap::http::ChunkLine;

namespace {

// "5" for a line of that size, the reason and how far it was read otherwise; fed `step` bytes at a
// time.
std::string read(std::string_view text, size_t step) {
  ChunkLine line;
  size_t done = 0;
  while (done < text.size()) {
    size_t used = 0;
    const ChunkLine::State state = line.add(text.substr(done, step), &used);
    done += used;
    if (state == ChunkLine::State::kBad) return line.reason() + (" at " + std::to_string(done));
    if (state != ChunkLine::State::kDone) continue;
    CHECK(done == text.size());
    return std::to_string(line.size());
  }
  return "more";
}

void check(std::string_view text, const std::string& wanted) {
  CAPTURE(text);
  for (const size_t step : {size_t{1}, size_t{3}, text.size()}) CHECK(read(text, step) == wanted);
}

}  // namespace

TEST_SUITE("http/chunk_line") {
  TEST_CASE("sizes") {
    check("5\r\n", "5");
    check("0\r\n", "0");
    check("00aF\r\n", "175");
    check("ffffffffffffffff\r\n", "18446744073709551615");
    check("00000000000000000000000005\r\n", "5");
    check("10000000000000000\r\n", "invalid chunk size at 16");
    for (const char* text : {"\r\n", ";a\r\n", " 5\r\n", "-5\r\n", "+5\r\n", "g\r\n"}) {
      check(text, "invalid chunk size at 0");
    }
    check("0x5\r\n", "invalid chunk size at 1");
    check("5\n", "invalid chunk size at 1");
    check("5\r5", "invalid line end at 2");
    check("5\r", "more");
  }

  // RFC 9112, 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
  TEST_CASE("extensions") {
    for (const char* text :
         {"5;a\r\n", "5;a=b\r\n", "5 ;a=b\r\n", "5\t; a=b\r\n", "5;a =b\r\n", "5;a= b\r\n",
          "5 ; a = \"b\" ; c;d=e\r\n", "5;a=\"x;y\"\r\n", "5;a=\"x\\\"y\"\r\n", "5;a=\"\\\\\"\r\n",
          "5;a=\"\t\x80\"\r\n", "5;a=\"\"\r\n", "5;a  ;b\r\n", "5;!#$%&'*+-.^_`|~=1\r\n"}) {
      check(text, "5");
    }
    check("5 \r\n", "invalid chunk extension at 2");
    check("5;\r\n", "invalid chunk extension at 2");
    check("5;=\r\n", "invalid chunk extension at 2");
    check("5;a=\r\n", "invalid chunk extension at 4");
    check("5;a \r\n", "invalid chunk extension at 4");
    check("5;a b\r\n", "invalid chunk extension at 4");
    check("5;a=b \r\n", "invalid chunk extension at 6");
    check("5;a=b c\r\n", "invalid chunk extension at 6");
    check("5;a=\"x\r\n", "invalid chunk extension at 6");
    check("5;a=\"x\\\r\n", "invalid chunk extension at 7");
    check("5;a=\"x\"y\r\n", "invalid chunk extension at 7");
    check("5;a=\x80\r\n", "invalid chunk extension at 4");
    check("5;a\n", "invalid chunk extension at 3");
  }

  TEST_CASE("a line has a limit") {
    const std::string room(16 * 1024 - 5, 'a');
    check("5;" + room + "\r\n", "5");
    check("5;" + room + "aaa\r\n", "chunk line of more than 16 KiB at 16384");
  }

  TEST_CASE("line after line") {
    ChunkLine line;
    size_t used = 0;
    CHECK(line.add("5;a\r\nhello", &used) == ChunkLine::State::kDone);
    CHECK(used == 5);
    CHECK(line.add("10\r\n", &used) == ChunkLine::State::kDone);
    CHECK(line.size() == 16);
    CHECK(line.add("x", &used) == ChunkLine::State::kBad);
    CHECK(line.add("2\r\n", &used) == ChunkLine::State::kDone);
    CHECK(line.size() == 2);
  }
}
