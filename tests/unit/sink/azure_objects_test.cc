// SPDX-License-Identifier: Apache-2.0
// What the answers of the service lead to. tests/e2e/test_azure_store.py asks Azurite.
#include "sink/azure_objects.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

#include "../support/scripted_server.h"
#include "support/make.h"

using namespace qtap;
using test::make_object;
using test::ScriptedServer;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Container {
  explicit Container(ScriptedServer::Script script, const char* sas = "")
      : server(std::move(script)) {
    sink::AzureOptions options;
    options.account = "acme";
    options.container = "box";
    options.endpoint = "127.0.0.1:" + std::to_string(server.port());
    options.is_plain = true;
    if (*sas) {
      options.sas_token = s3::Secret(sas);
    } else {
      options.shared_key = s3::Secret("key");
    }
    options.blocks_above = 10;
    options.block_bytes = 4;
    options.client.max_concurrent = 2;
    sink = *sink::make_azure_objects("s", std::move(options));
  }

  ScriptedServer server;
  std::unique_ptr<sink::Sink> sink;
};

std::string created(const std::string&) {
  return ScriptedServer::reply(201, "");
}

std::string error(int status, const std::string& code) {
  return ScriptedServer::reply(status,
                               "\xEF\xBB\xBF<?xml version=\"1.0\"?><Error><Code>" + code +
                                   "</Code><Message>No.\nRequestId:1\nTime:2</Message></Error>");
}

}  // namespace

TEST_SUITE("sink/azure_objects") {
  TEST_CASE("an object is one signed PUT of a block blob that is not there") {
    Container container(created);
    const auto object = make_object("abc");
    CHECK(container.sink->put_object(object).ok());
    REQUIRE(container.server.requests().size() == 1);
    const std::string sent = container.server.requests()[0];
    CHECK(sent.starts_with("PUT /box/" + object->digest + " HTTP/1.1\r\n"));
    for (const char* field :
         {"x-ms-blob-type: BlockBlob\r\n", "x-ms-version: 2021-12-02\r\n", "If-None-Match: *\r\n",
          "Content-Type: text/plain\r\n", "Content-MD5: kAFQmDzST7DWlj99KOF/cg==\r\n",
          "Authorization: SharedKey acme:", "x-ms-date: "}) {
      CHECK(has(sent, field));
    }
    CHECK(container.sink->locate(*object) == container.server.url("/box/" + object->digest));
    CHECK(container.sink->uploaded_to(*object) == "azure://box/" + object->digest);
  }

  TEST_CASE("a shared access signature stands in the query, and nothing is signed") {
    Container container([](const std::string&) { return error(403, "AuthenticationFailed"); },
                        "sv=1&sig=SECRET");
    const Status outcome = container.sink->put_object(make_object("abc"));
    const std::string sent = container.server.requests()[0];
    CHECK(has(sent, "?sv=1&sig=SECRET HTTP/1.1\r\n"));
    CHECK_FALSE(has(sent, "Authorization"));
    REQUIRE_FALSE(outcome.ok());
    CHECK(has(outcome.error().text, "Access Denied (AuthenticationFailed, No.)"));
    container.sink->interrupt();
    const Status cancelled = container.sink->put_object(make_object("abc"));
    CHECK_FALSE(has(outcome.error().text + cancelled.error().text, "SECRET"));
  }

  TEST_CASE("what is there already is stored, other refusals are told, what may pass comes again") {
    for (const auto& [status, code, outcome] :
         {std::tuple(409, "BlobAlreadyExists", QTAP_OK),
          std::tuple(412, "ConditionNotMet", QTAP_OK),
          std::tuple(409, "ContainerBeingDeleted", QTAP_ERR_IO),
          std::tuple(404, "ContainerNotFound", QTAP_ERR_IO),
          std::tuple(503, "ServerBusy", QTAP_ERR_AGAIN),
          std::tuple(500, "OperationTimedOut", QTAP_ERR_AGAIN)}) {
      const int answer = status;
      const std::string word = code;
      Container container([&](const std::string&) { return error(answer, word); });
      const Status got = container.sink->put_object(make_object("abc"));
      CHECK((got.ok() ? QTAP_OK : got.error().status) == outcome);
    }
  }

  TEST_CASE("a large object is blocks, then their list; a block without answer comes again") {
    std::atomic<int> left = 1;
    Container container([&left](const std::string& request) {
      const bool breaks = has(request, "blockid=00000001") && left-- > 0;
      return breaks ? std::string() : created(request);
    });
    CHECK(container.sink->put_object(make_object("0123456789A")).ok());
    const std::vector<std::string> requests = container.server.requests();
    REQUIRE(requests.size() == 5);
    CHECK(has(requests.back(), "?comp=blocklist HTTP/1.1\r\n"));
    CHECK(has(requests.back(), "x-ms-blob-content-type: text/plain\r\n"));
    CHECK(has(requests.back(), "If-None-Match: *\r\n"));
    CHECK(
        requests.back().ends_with("<BlockList><Latest>00000000</Latest><Latest>00000001</Latest>"
                                  "<Latest>00000002</Latest></BlockList>"));
    std::string bodies;
    for (const char* id : {"00000000", "00000001", "00000002"}) {
      for (const std::string& request : requests) {
        if (!has(request, "comp=block&blockid=" + std::string(id))) continue;
        bodies += request.substr(request.find("\r\n\r\n") + 4) + " ";
        break;
      }
    }
    CHECK(bodies == "0123 4567 89A ");
  }

  TEST_CASE("a block that is refused ends it") {
    Container container([](const std::string& request) {
      return has(request, "blockid=") ? error(403, "x") : created(request);
    });
    CHECK_FALSE(container.sink->put_object(make_object("0123456789A")).ok());
    CHECK_FALSE(has(container.server.requests().back(), "blocklist"));
  }
}
