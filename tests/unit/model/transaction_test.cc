// SPDX-License-Identifier: Apache-2.0
#include "model/transaction.h"

#include <doctest/doctest.h>

using namespace qtap;

namespace {

struct Url {
  std::string scheme, authority, path, url;
  bool operator==(const Url&) const = default;
};

Url resolved(const char* method, const char* target, const char* host, bool is_tls,
             const char* endpoint = "10.0.0.1") {
  Transaction tx;
  tx.connection = Ref<Connection>::make();
  tx.connection->is_tls = is_tls;
  tx.connection->endpoint_id = endpoint;
  tx.request.method = method;
  tx.request.target = target;
  if (host) tx.request.headers = {{"Host", host}};
  resolve_url(tx);
  return {tx.scheme, tx.authority, tx.path, tx.url};
}

}  // namespace

TEST_SUITE("model/transaction") {
  TEST_CASE(
      "the URL is the scheme of the connection, the Host field and the target with its query") {
    CHECK(resolved("GET", "/get?x=1", "api.example.com", true) ==
          Url{"https", "api.example.com", "/get?x=1", "https://api.example.com/get?x=1"});
    CHECK(resolved("GET", "/", "a:8080", false) == Url{"http", "a:8080", "/", "http://a:8080/"});
  }

  TEST_CASE("without a Host field the endpoint takes its place") {
    CHECK(resolved("GET", "/x", nullptr, false) ==
          Url{"http", "10.0.0.1", "/x", "http://10.0.0.1/x"});
  }

  TEST_CASE("an absolute target brings its own scheme and authority, without user info") {
    CHECK(resolved("GET", "http://user:pw@b.org/p?q", "a", true) ==
          Url{"http", "b.org", "/p?q", "http://b.org/p?q"});
    CHECK(resolved("GET", "http://b.org", "a", false) ==
          Url{"http", "b.org", "/", "http://b.org/"});
    CHECK(resolved("GET", "http://b.org?q", "a", false).authority == "b.org");
  }

  TEST_CASE("a path with a URL in its query is a path") {
    CHECK(resolved("GET", "/go?to=http://c.org/", "a", false) ==
          Url{"http", "a", "/go?to=http://c.org/", "http://a/go?to=http://c.org/"});
  }

  TEST_CASE("the authority and asterisk forms have no path in their URL") {
    CHECK(resolved("CONNECT", "c.org:443", "c.org:443", false) ==
          Url{"http", "c.org:443", "", "http://c.org:443"});
    CHECK(resolved("OPTIONS", "*", "a", true) == Url{"https", "a", "*", "https://a"});
  }

  TEST_CASE("pseudo fields of HTTP/2 come first, and what is unknown of them falls back") {
    Transaction tx;
    tx.connection = Ref<Connection>::make();
    tx.connection->endpoint_id = "10.0.0.1";
    tx.request.method = "GET";
    tx.request.target = "/x?q=1";
    tx.request.scheme = "https";
    tx.request.authority = "user:secret@b:8443";
    tx.request.headers = {{"host", "other"}};
    resolve_url(tx);
    CHECK(tx.url == "https://b:8443/x?q=1");
    tx.request.authority.clear();
    resolve_url(tx);
    CHECK(tx.url == "https://other/x?q=1");
    tx.request = {};
    tx.request.method = "CONNECT";
    tx.request.authority = "c:443";
    resolve_url(tx);
    CHECK(tx.authority == "c:443");
    CHECK(tx.path.empty());
  }

  TEST_CASE("times count from the first request byte and need a response") {
    Transaction tx;
    tx.request.start_ns = 1'000'000;
    tx.request.end_ns = 2'000'000;
    CHECK_FALSE(tx.duration_us());
    CHECK_FALSE(tx.ttfb_us());
    tx.response.status = 200;
    tx.response.start_ns = 4'000'000;
    tx.response.end_ns = 9'500'000;
    CHECK(tx.duration_us() == 8500u);
    CHECK_FALSE(tx.request_us());
    tx.request.complete = true;
    CHECK(tx.request_us() == 1000u);
    CHECK(tx.ttfb_us() == 3000u);
    tx.response.start_ns = 500'000;  // clocks of two records may disagree
    CHECK_FALSE(tx.ttfb_us());
  }

  TEST_CASE("missing bytes are the sum of both messages, unknown when one is") {
    Transaction tx;
    CHECK(tx.missing_bytes() == 0u);
    tx.request.missing_bytes = 3;
    tx.response.missing_bytes = 4;
    CHECK(tx.missing_bytes() == 7u);
    tx.response.missing_bytes = std::nullopt;
    CHECK_FALSE(tx.missing_bytes());
  }
}
