// SPDX-License-Identifier: Apache-2.0
#include "http/start_line.h"

#include <doctest/doctest.h>

using namespace qtap::http;

namespace {

constexpr size_t kNowhere = std::string_view::npos;

size_t request_in(std::string_view line) {
  return find_start_line(line, StartLine::kRequest);
}
size_t response_in(std::string_view line) {
  return find_start_line(line, StartLine::kResponse);
}

}  // namespace

TEST_SUITE("http/start_line") {
  TEST_CASE("a request line is method, target and version") {
    CHECK(request_in("GET / HTTP/1.1\r") == 0);
    CHECK(request_in("GET / HTTP/1.0") == 0);
    CHECK(request_in("GET  HTTP/1.1\r") == kNowhere);
    CHECK(request_in("GET /\r") == kNowhere);
    CHECK(request_in("GET /a b HTTP/1.1\r") == kNowhere);
    CHECK(request_in("GOT / HTTP/1.1\r") == 0);  // not registered, and all alone
    CHECK(request_in("abcGOT / HTTP/1.1\r") == kNowhere);
    CHECK(request_in("Got / HTTP/1.1\r") == kNowhere);
    CHECK(request_in("GO / HTTP/1.1\r") == kNowhere);
    CHECK(request_in("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1\r") == kNowhere);
    CHECK(request_in("GET / HTTP/1.10\r") == kNowhere);
    CHECK(request_in("GET / HTTP/2.0\r") == kNowhere);
    CHECK(request_in("PRI * HTTP/1.1\r") == kNowhere);
    CHECK(request_in(" HTTP/1.1\r") == kNowhere);
    CHECK(request_in("HTTP/1.1") == kNowhere);
    CHECK(request_in("") == kNowhere);
  }

  TEST_CASE("a status line is version and three digits") {
    CHECK(response_in("HTTP/1.1 200 OK\r") == 0);
    CHECK(response_in("HTTP/1.0 404") == 0);
    CHECK(response_in("HTTP/1.1 200 \r") == 0);
    CHECK(response_in("HTTP/1.1 2000\r") == kNowhere);
    CHECK(response_in("HTTP/1.1 20\r") == kNowhere);
    CHECK(response_in("HTTP/1.x 200\r") == kNowhere);
    CHECK(response_in("HTTP/1.") == kNowhere);
    CHECK(response_in("GET / HTTP/1.1\r") == kNowhere);
  }

  TEST_CASE("the rest of a body may stand before a start line") {
    CHECK(response_in("{\"a\":1}HTTP/1.1 200 OK\r") == 7);
    CHECK(request_in("abcPOST /x HTTP/1.1\r") == 3);
    CHECK(request_in("abcUNLOCK /x HTTP/1.1\r") == 3);
    CHECK(response_in("HTTP/1.1 xHTTP/1.1 200 OK\r") == 10);
  }

  TEST_CASE("a text about HTTP is no start line") {
    CHECK(request_in("X-Was: GET / HTTP/1.1\r") == kNowhere);
    CHECK(response_in("< HTTP/1.1 200 OK\r") == kNowhere);
    CHECK(request_in("\"GET / HTTP/1.1\" 200 17\r") == kNowhere);
    CHECK(request_in("\"GET / HTTP/1.1") == kNowhere);  // and does not end as one
  }

  TEST_CASE("a method may be the end of a longer one") {
    CHECK(may_be_cut("LOCK / HTTP/1.1"));
    CHECK(may_be_cut("SEARCH * HTTP/1.1"));
    CHECK_FALSE(may_be_cut("GET / HTTP/1.1"));
    CHECK_FALSE(may_be_cut("UNLOCK / HTTP/1.1"));
  }
}
