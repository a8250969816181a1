// SPDX-License-Identifier: Apache-2.0
#include "net/own_sockets.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "../support/scripted_server.h"
#include "net/http_client.h"

using namespace qtap;
using namespace std::chrono_literals;
using net::OwnSockets;

TEST_SUITE("net/own_sockets") {
  TEST_CASE("a port is ours from before its socket connects until shortly after it was closed") {
    OwnSockets sockets;
    const auto now = OwnSockets::Clock::now();
    CHECK_FALSE(sockets.has(4000, now));
    sockets.opened(4000);
    CHECK(sockets.has(4000, now + 24h));
    CHECK_FALSE(sockets.has(4001, now));
    sockets.closed(4000, now);
    CHECK(sockets.has(4000, now + OwnSockets::kKept));
    CHECK_FALSE(sockets.has(4000, now + OwnSockets::kKept + 1ns));
    sockets.opened(4000);  // the kernel gave it to us again
    CHECK(sockets.has(4000, now + 24h));
  }

  TEST_CASE("every connection of an HTTP client is told, before its peer can accept it") {
    uint16_t seen_from = 0;
    bool was_known = false;
    test::ScriptedServer server([&](const std::string&) {
      seen_from = server.peer_port();
      was_known = OwnSockets::of_process().has(seen_from);
      return test::ScriptedServer::reply(200, "");
    });
    auto client = net::HttpClient::make({});
    REQUIRE(client.ok());
    net::Request request;
    request.url = server.url("/");
    request.direct = true;
    CHECK((*client)->run(request).ok());
    CHECK(seen_from != 0);
    CHECK(was_known);
    client = Error{};
    CHECK_FALSE(OwnSockets::of_process().has(seen_from, OwnSockets::Clock::now() + 1h));
  }
}
