// SPDX-License-Identifier: Apache-2.0
#include "plugin/printable.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;
using plugin::BodyKind;
using plugin::Lines;
using plugin::printable;

namespace {

http::Response with_body(const char* type, std::string body) {
  http::Response response;
  if (*type) response.headers = {{"Content-Type", type}};
  response.body = std::move(body);
  return response;
}

BodyKind body_kind(const http::Message& message) {
  return plugin::body_kind(message, *decode_body(message, {}));
}

}  // namespace

TEST_SUITE("plugin/printable") {
  TEST_CASE("a field cannot start a line of its own") {
    CHECK(printable("/tmp/x\n■ fake → GET / 200 OK\r\t") == "/tmp/x\\n■ fake → GET / 200 OK\\r\\t");
  }

  TEST_CASE("a body keeps its lines, CRLF becomes a newline") {
    CHECK(printable("a\r\nb\n\tc\rd", Lines::kMany) == "a\nb\n\tc\\rd");
  }

  TEST_CASE("controls of ECMA-48 are escaped, of one byte and of two, also as raw bytes") {
    CHECK(printable("\x1b[2J\x07\x7f") == "\\x1b[2J\\x07\\x7f");
    CHECK(printable("\xc2\x9b") == "\\x9b");
    CHECK(printable("\x9b") == "\\x9b");
  }

  TEST_CASE("UTF-8 stays, other bytes are read as ISO 8859-1") {
    CHECK(printable("é€😀") == "é€😀");
    CHECK(printable("caf\xe9") == "café");
    CHECK(printable("cut \xe2\x82") == "cut â\\x82");
  }

  TEST_CASE("bodies are text or binary by type, then by content") {
    CHECK(body_kind(with_body("text/plain", "")) == BodyKind::kEmpty);
    CHECK(body_kind(with_body("", "plain")) == BodyKind::kText);
    for (const char* type : {"application/octet-stream", "application/pdf", "image/png",
                             "audio/ogg", "video/mp4", "application/zip", "application/gzip"}) {
      CAPTURE(type);
      CHECK(body_kind(with_body(type, "readable")) == BodyKind::kBinary);
    }
    CHECK(body_kind(with_body("text/html; charset=iso-8859-1", "caf\xe9\r\n")) == BodyKind::kText);
    CHECK(body_kind(with_body("", "caf\xe9")) == BodyKind::kBinary);
    CHECK(body_kind(with_body("application/json", "\x1f\x8b\x08\x01\xff")) == BodyKind::kBinary);
    CHECK(body_kind(with_body("text/plain", std::string("a\0b", 3))) == BodyKind::kBinary);
  }
}
