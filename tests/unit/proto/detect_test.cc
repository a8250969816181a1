// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "../support/h2_writer.h"
#include "proto/parser.h"

using namespace qtap;
using proto::Detection;

namespace {

std::span<const uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

using Start = proto::StreamStart;

Detection detected(std::string_view sent, std::string_view received = {},
                   Start start = Start::kFirstByte) {
  return proto::detect(bytes(sent), bytes(received), start).what;
}

}  // namespace

TEST_SUITE("proto/detect") {
  TEST_CASE("a method proves HTTP/1 with the version behind it, on either side") {
    CHECK(detected("GET /1") == Detection::kNeedMore);
    CHECK(detected("GET /1 HTTP/") == Detection::kHttp1);
    CHECK(detected("GET /1.1\nHost: h\n\n", "x") == Detection::kUnknown);
    CHECK(detected("", "POST /x HTTP/1.1\r\n") == Detection::kHttp1);
    CHECK(detected("M-SEARCH * HTTP/1.1") == Detection::kHttp1);
    CHECK(detected("VERSION-CONTROL ") != Detection::kHttp1);
  }

  TEST_CASE("a request line longer than anybody must take is taken at its word") {
    const std::string line = "GET /" + std::string(8000, 'a');
    CHECK(detected(line.substr(0, 7999)) == Detection::kNeedMore);
    CHECK(detected(line.substr(0, 8000)) == Detection::kHttp1);
    CHECK(detected(line + "\n") == Detection::kHttp1);
    CHECK(detected(line.substr(0, 7999) + "\n", "x") == Detection::kUnknown);
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

  TEST_CASE("a method that is not registered needs its whole line") {
    const std::string line = "QUERIES /a HTTP/1.1\r\n";
    for (size_t len = 1; len < line.size(); ++len) {
      CAPTURE(len);
      CHECK(detected(line.substr(0, len), "") == Detection::kNeedMore);
    }
    CHECK(detected(line, "") == Detection::kHttp1);
    CHECK(detected("QUERIES " + std::string(7992, 'a'), "") == Detection::kNeedMore);
    CHECK(detected("QUERIES " + std::string(7993, 'a'), "x") == Detection::kUnknown);
  }

  TEST_CASE("what cannot become HTTP/1 is not, as soon as that is certain") {
    CHECK(detected("GEX xxxx\r\n", "x") == Detection::kUnknown);
    CHECK(detected("Gex xxxx", "x") == Detection::kUnknown);
    CHECK(detected("get / HTTP/1.1", "x") == Detection::kUnknown);
    CHECK(detected("GETTY\r", "x") == Detection::kUnknown);
    CHECK(detected("GETTY {", "x") == Detection::kUnknown);
    CHECK(detected("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "x") == Detection::kUnknown);
    CHECK(detected("\x16\x03\x01\x05\x22", "\x16\x03\x03\x05\x22") == Detection::kUnknown);
    CHECK(detected("\x16\x03", "") == Detection::kNeedMore);
    CHECK(detected("HTTP/2", "x") == Detection::kUnknown);
  }

  TEST_CASE("the preface proves HTTP/2, on either side") {
    const std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    CHECK(detected(preface) == Detection::kHttp2);
    CHECK(detected("x", preface) == Detection::kHttp2);
    CHECK(detected(preface.substr(0, 23), "x") == Detection::kNeedMore);
    CHECK(detected("PRI", "x") == Detection::kNeedMore);
    CHECK(detected("PRI * HTTP/2.1", "x") == Detection::kUnknown);
  }

  TEST_CASE("a server that speaks first waits for the preface") {
    const std::string_view settings("\0\0\0\x04\0\0\0\0\0", 9);
    CHECK(detected("", settings) == Detection::kNeedMore);
    CHECK(detected("PRI * ", settings) == Detection::kNeedMore);
    CHECK(detected("xyzxyz", settings) == Detection::kUnknown);
  }

  TEST_CASE("of a connection that may be older no HTTP is told here") {
    const std::string window = test::h2_frame(8, 0, 7, test::h2_number(1, 4));
    for (const std::string& bytes : {window + window, std::string("GET / HTTP/1.1\r\n\r\n")}) {
      CHECK(detected(bytes, "x", Start::kAnywhere) == Detection::kUnknown);
    }
  }

  TEST_CASE("one side that is not HTTP does not hide the other") {
    CHECK(detected("xyz", "HTTP/1.1 200 OK") == Detection::kHttp1);
    CHECK(detected("xyz", "HT") == Detection::kNeedMore);
  }
}
