// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string_view>

#include "proto/parser.h"

using namespace qtap;
using proto::Detection;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Detection detected(std::string_view sent, std::string_view received = {}) {
  return proto::detect(bytes(sent), bytes(received));
}

}  // namespace

TEST_SUITE("proto/detect") {
  TEST_CASE("a method and a space prove HTTP/1, on either side") {
    CHECK(detected("GET ") == Detection::kHttp1);
    CHECK(detected("", "POST /x HTTP/1.1\r\n") == Detection::kHttp1);
    CHECK(detected("M-SEARCH * HTTP/1.1") == Detection::kHttp1);
    CHECK(detected("VERSION-CONTROL ") != Detection::kHttp1);
  }

  TEST_CASE("a response proves HTTP/1") {
    CHECK(detected("", "HTTP/1.") == Detection::kHttp1);
    CHECK(detected("HTTP/1.0 200 OK") == Detection::kHttp1);
  }

  TEST_CASE("only the beginning of a proof asks for more") {
    CHECK(detected("") == Detection::kNeedMore);
    CHECK(detected("G") == Detection::kNeedMore);
    CHECK(detected("GET") == Detection::kNeedMore);
    CHECK(detected("", "HTTP/1") == Detection::kNeedMore);
    CHECK(detected("PROPF") == Detection::kNeedMore);
  }

  TEST_CASE("what cannot become HTTP/1 is not, as soon as that is certain") {
    CHECK(detected("GEX", "x") == Detection::kUnknown);
    CHECK(detected("get / HTTP/1.1", "x") == Detection::kUnknown);
    CHECK(detected("GETTY", "x") == Detection::kUnknown);
    CHECK(detected("\x16\x03\x01", "\x16\x03\x03") == Detection::kUnknown);
    CHECK(detected("HTTP/2", "x") == Detection::kUnknown);
    CHECK(detected("*1\r\n$4\r\nPING\r\n", "+PONG\r\n") == Detection::kUnknown);
  }

  TEST_CASE("the HTTP/2 preface is not HTTP/1") {
    CHECK(detected("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "x") == Detection::kUnknown);
    CHECK(detected("PRI", "x") == Detection::kUnknown);
  }

  TEST_CASE("one side that is not HTTP does not hide the other") {
    CHECK(detected("xyz", "HTTP/1.1 200 OK") == Detection::kHttp1);
    CHECK(detected("xyz", "HT") == Detection::kNeedMore);
  }
}
