// SPDX-License-Identifier: Apache-2.0
// What the answers of a service lead to. tests/e2e/test_event_stores.py asks real ones.
#include "sink/remote_events.h"

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

#include "../support/scripted_server.h"
#include "sink/axiom.h"
#include "sink/send_outcome.h"
#include "support/gunzip.h"
#include "support/make.h"

using namespace qtap;
using namespace std::chrono_literals;
using test::make_event;
using test::ScriptedServer;

namespace {

const std::string kToken = "xaat-secret";

struct Service {
  explicit Service(ScriptedServer::Script script) : server(std::move(script)) {
    sink::RemoteOptions options;
    options.secrets = {"", kToken};
    auto made = sink::make_remote_events(
        "s", sink::make_axiom({.url = server.url(""), .token = kToken, .dataset = "a b"}), options);
    REQUIRE(made.ok());
    sink = *std::move(made);
  }
  std::vector<Status> put(const std::vector<std::string>& texts) {
    std::vector<Ref<Event>> events;
    for (const std::string& text : texts) events.push_back(make_event(text));
    return sink->put_batch(events);
  }

  ScriptedServer server;
  std::unique_ptr<sink::Sink> sink;
};

ScriptedServer::Script always(int status, std::string body, std::string fields = "") {
  return [=](const std::string&) { return ScriptedServer::reply(status, body, fields); };
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("sink/remote_events") {
  TEST_CASE("a batch is one request of lines") {
    Service service(always(200, R"({"ingested":2,"failed":0})"));
    for (const Status& status : service.put({"{\"a\":1}", "{\"b\":2}"})) CHECK(status.ok());
    REQUIRE(service.server.requests().size() == 1);
    const std::string sent = service.server.requests()[0];
    CHECK(sent.starts_with("POST /v1/datasets/a%20b/ingest HTTP/1.1\r\n"));
    CHECK(has(sent, "\r\nAuthorization: Bearer " + kToken + "\r\n"));
    CHECK(has(sent, "\r\nContent-Type: application/x-ndjson\r\n"));
    CHECK(has(sent, "\r\nContent-Encoding: gzip\r\n"));
    CHECK(test::gunzip_body(sent) == "{\"a\":1}\n{\"b\":2}\n");
    CHECK(service.sink->put_event(make_event("{}")).ok());
  }

  TEST_CASE("what may pass is tried again, what will not is final, and says why") {
    for (const auto& [said, again, words] :
         {std::tuple(503, true, "HTTP status 503"), std::tuple(429, true, "HTTP status 429"),
          std::tuple(408, true, "HTTP status 408"), std::tuple(500, true, "HTTP status 500"),
          std::tuple(400, false, "HTTP status 400"), std::tuple(401, false, "Access Denied"),
          std::tuple(403, false, "Access Denied"), std::tuple(404, false, "Not found"),
          std::tuple(301, false, "HTTP status 301"), std::tuple(413, false, "HTTP status 413")}) {
      Service service(always(said, R"({"message":"Not now.\nxaat-secret"})", "Retry-After: 9\r\n"));
      const std::vector<Status> outcomes = service.put({"{}", "{}"});
      REQUIRE(outcomes.size() == 2);
      REQUIRE_FALSE(outcomes[1].ok());
      const Error& told = outcomes[1].error();
      CHECK(told.status == (again ? QTAP_ERR_AGAIN : QTAP_ERR_IO));
      CHECK(told.text == std::string("Failed to send events: ") + words + " (Not now.)");
      CHECK(told.id.text() == std::string("QT171"));
      CHECK(service.sink->asked_to_wait() == 9s);
    }
  }

  TEST_CASE("nor a piece of it, where the text is cut") {
    for (const size_t before : {189u, 190u, 193u, 195u, 199u, 200u}) {
      Service service(always(400, R"({"error":")" + std::string(before, '-') + kToken + R"("})"));
      const auto outcomes = service.put({"{}"});
      REQUIRE_FALSE(outcomes[0].ok());
      CAPTURE(outcomes[0].error().text);
      CHECK(outcomes[0].error().text.find_first_of("x") == std::string::npos);
    }
  }

  TEST_CASE("a secret that a service repeats is not told") {
    Service service(always(400, R"({"error":"no xaat-secret, xaat-secret"})"));
    CHECK(service.put({"{}"})[0].error().text ==
          "Failed to send events: HTTP status 400 (no ***, ***)");
  }

  TEST_CASE("no answer is for later") {
    Service service([](const std::string&) { return std::string(); });
    const Status status = service.put({"{}"})[0];
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_AGAIN);
    CHECK(has(status.error().text, "Failed to send events: POST http://127.0.0.1:"));
    CHECK_FALSE(has(status.error().text, kToken));
  }

  TEST_CASE("those that a service counts as failed are refused, the others taken") {
    Service service(always(200, R"({"ingested":2,"failed":1,"failures":[{"error":"too odd"}]})"));
    const std::vector<Status> outcomes = service.put({"{}", "{}", "{}"});
    CHECK(outcomes[0].ok());
    CHECK(outcomes[1].ok());
    REQUIRE_FALSE(outcomes[2].ok());
    CHECK(outcomes[2].error().status == QTAP_ERR_IO);
    CHECK(outcomes[2].error().text == "Failed to send events: too odd");
    Service more(always(200, R"({"failed":9})"));
    CHECK(more.put({"{}"})[0].error().text == "Failed to send events: no reason was given");
  }

  TEST_CASE("interrupted, it sends nothing more") {
    Service service(always(200, "{}"));
    service.sink->interrupt();
    CHECK(service.put({"{}"})[0].error().status == QTAP_ERR_AGAIN);
    CHECK(service.server.requests().empty());
  }
}

TEST_SUITE("sink/send_outcome") {
  TEST_CASE("of what a service says one short printable line is told") {
    CHECK(sink::short_line("a\tb\x1b[1m\nc") == "a b [1m");
    CHECK(sink::short_line(std::string(500, 'a')).size() == 200);
    CHECK(sink::json_message(R"({"error": "x"})") == "x");
    CHECK(sink::json_message(R"({"message": 1, "error": {}})").empty());
    CHECK(sink::json_message("<html>").empty());
    CHECK(sink::json_message("").empty());
  }
}
