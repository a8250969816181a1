// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_upgrade.h"

#include <doctest/doctest.h>

#include <string>

using namespace qtap;

TEST_SUITE("http/websocket_upgrade") {
  TEST_CASE("the accept of RFC 6455, 1.3") {
    CHECK(http::websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(http::websocket_accept(" dGhlIHNhbXBsZSBub25jZQ== ") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }

  TEST_CASE("an upgrade is one that all four signs agree on") {
    http::Request request;
    request.headers = {{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    http::Response good;
    good.status = 101;
    good.headers = {{"upgrade", "WebSocket"},
                    {"Connection", "keep-alive, Upgrade"},
                    {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}};
    CHECK(http::accepts_websocket(request, good));
    for (size_t i = 0; i < good.headers.size(); ++i) {
      http::Response bad;
      bad.status = 101;
      http::Response lacking = bad;
      for (size_t j = 0; j < good.headers.size(); ++j) {
        const http::Header field = good.headers[j];
        bad.headers.push_back({field.name, i == j ? "x" : field.value});
        if (i != j) lacking.headers.push_back(field);
      }
      CHECK_FALSE(http::accepts_websocket(request, bad));
      CHECK_FALSE(http::accepts_websocket(request, lacking));
    }
    http::Response other = good;
    other.status = 200;
    CHECK_FALSE(http::accepts_websocket(request, other));
    CHECK_FALSE(http::accepts_websocket(http::Request(), good));
  }

  TEST_CASE("permessage-deflate has parameters for each direction") {
    const auto none = http::websocket_extensions("");
    CHECK(none.is_valid);
    CHECK_FALSE(none.has_deflate);
    const auto plain = http::websocket_extensions("Permessage-Deflate");
    CHECK(plain.has_deflate);
    CHECK(plain.client.takes_over);
    CHECK(plain.server.window_bits == 15);
    const auto all = http::websocket_extensions(
        "permessage-deflate; server_no_context_takeover; client_max_window_bits = \"9\";"
        "server_max_window_bits=12 , x-other; a=\"b,;c\"");
    CHECK(all.is_valid);
    CHECK(all.has_deflate);
    CHECK(all.has_others);
    CHECK_FALSE(all.server.takes_over);
    CHECK(all.server.window_bits == 12);
    CHECK(all.client.takes_over);
    CHECK(all.client.window_bits == 9);
    CHECK_FALSE(http::websocket_extensions("permessage-deflate; client_no_context_takeover")
                    .client.takes_over);
  }

  TEST_CASE("what RFC 7692, 7.1 forbids in a response agrees on nothing") {
    for (const char* wrong :
         {"permessage-deflate; server_max_window_bits",
          "permessage-deflate; client_max_window_bits",
          "permessage-deflate; server_max_window_bits=7",
          "permessage-deflate; server_max_window_bits=16",
          "permessage-deflate; server_max_window_bits=08",
          "permessage-deflate; server_max_window_bits=",
          "permessage-deflate; server_no_context_takeover=1",
          "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
          "permessage-deflate; client_max_window_bits=9; client_max_window_bits=9",
          "permessage-deflate; unknown", "permessage-deflate; ;",
          "permessage-deflate, permessage-deflate"}) {
      CAPTURE(wrong);
      const auto result = http::websocket_extensions(wrong);
      CHECK_FALSE(result.is_valid);
      CHECK_FALSE(result.has_deflate);
      CHECK(result.client.takes_over);
    }
  }
}
