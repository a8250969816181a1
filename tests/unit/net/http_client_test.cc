// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "../support/scripted_server.h"

using namespace qtap;
using namespace std::chrono_literals;
using net::HttpClient;
using net::Request;
using test::ScriptedServer;

namespace {

std::unique_ptr<HttpClient> client(net::ClientOptions options = {}) {
  auto made = HttpClient::make(options);
  REQUIRE(made.ok());
  return *std::move(made);
}

Request get(const std::string& url) {
  Request request;
  request.url = url;
  request.direct = true;
  return request;
}

// Lets threads through when `count` of them have come.
class Gate {
 public:
  explicit Gate(size_t count) : count_(count) {}
  bool pass() {
    std::unique_lock lock(mutex_);
    --count_;
    changed_.notify_all();
    return changed_.wait_for(lock, 10s, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_;
};

}  // namespace

TEST_SUITE("net/http_client") {
  TEST_CASE("a request goes out as it was given, and nothing is added that was not asked for") {
    const ScriptedServer server([](const std::string&) {
      return ScriptedServer::reply(201, "done", "ETag: \"a\"\r\nX-Two:  b \r\n");
    });
    Request request = get(server.url("/bucket/a/../b%20c?x=1"));
    request.method = "PUT";
    request.fields = {"x-amz-date: 20260301T100000Z", "Content-Type: application/json"};
    const std::string body(100'000, 'x');
    request.body = body;
    const auto http = client();
    const auto reply = http->run(request);
    REQUIRE(reply.ok());
    CHECK(reply->status == 201);
    CHECK(reply->body == "done");
    CHECK(reply->field("etag") == "\"a\"");
    CHECK(reply->field("x-two") == "b");
    CHECK(reply->field("x-three").empty());
    REQUIRE(server.requests().size() == 1);
    const std::string sent = server.requests()[0];
    CHECK(sent.starts_with("PUT /bucket/a/../b%20c?x=1 HTTP/1.1\r\n"));
    CHECK(sent.ends_with("\r\n\r\n" + body));
    CHECK(sent.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
    CHECK(sent.find("Expect") == std::string::npos);
    CHECK(sent.find("Accept-Encoding") == std::string::npos);
  }

  TEST_CASE("connections are kept, and counted") {
    const ScriptedServer server([](const std::string&) { return ScriptedServer::reply(200, ""); });
    const auto http = client();
    for (int i = 0; i < 5; ++i) CHECK(http->run(get(server.url("/"))).ok());
    CHECK(http->counters().requests == 5);
    CHECK(http->counters().connections == 1);
    CHECK(server.connections() == 1);
  }

  TEST_CASE("several run side by side, each with its own outcome, in their order") {
    Gate gate(4);
    const ScriptedServer server([&](const std::string& request) {
      if (!gate.pass()) return std::string();
      return ScriptedServer::reply(200, request.substr(5, 1));
    });
    std::vector<Request> requests;
    for (int i = 0; i < 4; ++i) requests.push_back(get(server.url("/" + std::to_string(i))));
    requests.insert(requests.begin() + 2, get("gopher://127.0.0.1/"));
    const auto http = client({.max_concurrent = 4});
    const auto replies = http->run(requests);
    REQUIRE(replies.size() == 5);
    std::string bodies;
    for (const auto& reply : replies) bodies += reply.ok() ? reply->body : "-";
    CHECK(bodies == "01-23");
    CHECK(replies[2].error().status == QTAP_ERR_INVALID);
  }

  TEST_CASE("no reply is an error that may be tried again, and names no secret") {
    const ScriptedServer server([](const std::string&) { return std::string(); });
    const auto http = client();
    const auto broken = http->run(get(server.url("/blob?sig=SECRET")));
    REQUIRE_FALSE(broken.ok());
    CHECK(broken.error().status == QTAP_ERR_AGAIN);
    CHECK(broken.error().text.find("GET http://127.0.0.1:") == 0);
    CHECK(broken.error().text.find("SECRET") == std::string::npos);
    const auto nobody = http->run(get("http://user:SECRET@127.0.0.1:1/"));
    REQUIRE_FALSE(nobody.ok());
    CHECK(nobody.error().status == QTAP_ERR_AGAIN);
    CHECK(nobody.error().text.find("SECRET") == std::string::npos);
    CHECK(http->counters().failed == 2);
  }

  TEST_CASE("one that takes too long is given up") {
    Gate never(2);
    const ScriptedServer server([&](const std::string&) {
      never.pass();
      return ScriptedServer::reply(200, "");
    });
    Request request = get(server.url("/"));
    request.timeout = 100ms;
    const auto http = client();
    const auto reply = http->run(request);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().status == QTAP_ERR_TIMEOUT);
    CHECK(never.pass());
  }

  TEST_CASE("cancel() ends what runs, from any thread") {
    Gate asked(2);
    Gate never(2);
    const ScriptedServer server([&](const std::string&) {
      asked.pass();
      never.pass();
      return ScriptedServer::reply(200, "");
    });
    const auto http = client();
    std::thread canceller([&] {
      asked.pass();
      http->cancel();
    });
    const auto reply = http->run(get(server.url("/")));
    CHECK_FALSE(reply.ok());
    CHECK_FALSE(http->run(get(server.url("/"))).ok());
    CHECK(server.requests().size() == 1);
    canceller.join();
    never.pass();
  }

  TEST_CASE("Retry-After is told, a long answer is cut, a redirect is not followed") {
    const ScriptedServer server([](const std::string& request) {
      if (request.starts_with("GET /long")) {
        return ScriptedServer::reply(500, std::string(net::kMaxReplyBytes + 1, 'x'));
      }
      return ScriptedServer::reply(302, "", "Retry-After: 7\r\nLocation: /long\r\n");
    });
    const auto http = client();
    const auto moved = http->run(get(server.url("/")));
    REQUIRE(moved.ok());
    CHECK(moved->status == 302);
    CHECK(moved->retry_after == 7s);
    CHECK_FALSE(moved->is_truncated);
    const auto longer = http->run(get(server.url("/long")));
    REQUIRE(longer.ok());
    CHECK(longer->body.size() == net::kMaxReplyBytes);
    CHECK(longer->is_truncated);
    CHECK_FALSE(longer->retry_after);
  }

  TEST_CASE("a header field cannot hold another one") {
    const auto http = client();
    Request request = get("http://127.0.0.1:1/");
    request.fields = {"x: a\r\ny: b"};
    const auto reply = http->run(request);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().status == QTAP_ERR_INVALID);
  }
}
