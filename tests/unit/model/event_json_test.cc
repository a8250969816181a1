// SPDX-License-Identifier: Apache-2.0
#include "model/event_json.h"

#include <doctest/doctest.h>

#include "base/sha256.h"
#include "model/auth_token.h"
#include "model/object_json.h"
#include "support/make.h"

using namespace qtap;
using test::make_transaction;

namespace {

const SystemInfo kSystem = {"box", "qtap-mini", "i1"};

http::Request with_header(const char* name, const char* value) {
  http::Request request;
  request.headers = {{name, value}};
  return request;
}

}  // namespace

TEST_SUITE("model/event_json") {
  TEST_CASE("a connection event holds the fields of the spec, in its order") {
    const auto tx = make_transaction();
    Connection conn = *tx->connection;
    conn.closed_ns = conn.reported_ns = conn.opened_ns + 1'000'000'000;
    conn.part = 1;
    conn.tls = {"api.example.com", {"h2", "http/1.1"}, "h2", 772, 0x1301};
    conn.connect_us = 250;
    CHECK(
        make_connection_event(conn, kSystem, true)->json ==
        R"({"eventType":"connection","meta":{"connectionId":"c0000000000000000001","endpointId":"api.example.com",)"
        R"("tlsProbeTypesDetected":["openssl"],"tlsProbeIntrospected":true},)"
        R"("tags":{"bin":["curl"],"host":["api.example.com"],"ip":["93.184.216.34"],"protocol":["http1"],"strategy":["observe"]},)"
        R"("timestamp":"2026-03-01T10:00:00.000000000Z","createdAt":"2026-03-01T10:00:00.000000000Z",)"
        R"("reportedAt":"2026-03-01T10:00:01.000000000Z","closedAt":"2026-03-01T10:00:01.000000000Z",)"
        R"("part":1,"finalized":true,"direction":"egress-external","socketProtocol":"tcp","l7Protocol":"http1",)"
        R"("tlsVersion":772,"tls":{"sni":"api.example.com","alpn":["h2","http/1.1"],"alpnSelected":"h2",)"
        R"("cipher":"TLS_AES_128_GCM_SHA256"},)"
        R"("tlsState":"decrypted","system":{"hostname":"box","agent":"qtap-mini","agentInstance":"i1"},)"
        R"("source":{"address":{"family":"ipv4","ip":"10.0.0.1","port":40000},"hostname":"box","exe":"/usr/bin/curl",)"
        R"("user":"ann","userId":1000,"pid":4711},)"
        R"("destination":{"address":{"family":"ipv4","ip":"93.184.216.34","port":443}},)"
        R"("bytesSent":512,"bytesReceived":2048,"connectUs":250})");
  }

  TEST_CASE("on an ingress connection the remote end is the source") {
    Connection conn = *make_transaction()->connection;
    conn.role = Role::kServer;
    conn.direction = FlowDirection::kIngress;
    const std::string json = make_connection_event(conn, kSystem, false)->json;
    CHECK(json.find(R"("source":{"address":{"family":"ipv4","ip":"93.184.216.34")") !=
          std::string::npos);
  }

  TEST_CASE("a request event has no query, header or body") {
    const auto tx = make_transaction();
    const std::string json =
        make_request_event(*tx, {{"http_transaction", "d1", "file:///d1"}}, {})->json;
    CHECK(
        json ==
        R"({"eventType":"request","timestamp":"2026-03-01T10:00:00.000000000Z","connectionId":"c0000000000000000001",)"
        R"("endpointId":"api.example.com","requestId":"t0000000000000000001","tlsProbeTypesDetected":["openssl"],)"
        R"("tlsProbeIntrospected":true,"tags":["bin:curl","host:api.example.com","ip:93.184.216.34","protocol:http1",)"
        R"("strategy:observe"],"direction":"egress-external","url":"https://api.example.com/get","path":"/get",)"
        R"("method":"GET","status":200,"duration":27,"durationUs":27000,"requestUs":0,"ttfbUs":20000,"protocol":"http1",)"
        R"("contentType":"application/json","category":"json","agent":"curl/8.5.0","bytesSent":78,"bytesReceived":100,)"
        R"("objects":[{"type":"http_transaction","digest":"d1","url":"file:///d1"}]})");
  }

  TEST_CASE("the query stays when that was asked for") {
    const auto tx = make_transaction();
    const std::string json =
        make_request_event(*tx, {}, {.keep_query = true, .hash_key = ""})->json;
    CHECK(json.find(R"("path":"/get?x=1")") != std::string::npos);
  }

  TEST_CASE("a missing response is null, and what is incomplete says so") {
    const auto tx = make_transaction();
    tx->response = {};
    tx->response.truncation = http::Truncation::kAborted;
    tx->response.missing_bytes = std::nullopt;
    const std::string json = make_request_event(*tx, {}, {})->json;
    CHECK(json.find(R"("status":null)") != std::string::npos);
    CHECK(json.find("duration") == std::string::npos);
    CHECK(json.find(R"("truncated":true,"missingBytes":null)") != std::string::npos);
  }

  TEST_CASE("a credential is masked and hashed, never told") {
    const AuthToken bearer =
        find_auth_token(with_header("authorization", "Bearer abcdefghijklmnop"), "");
    CHECK(bearer.mask == "abcd****");
    CHECK(bearer.type == "bearer");
    CHECK(bearer.hash == sha256_hex("abcdefghijklmnop"));
    CHECK(find_auth_token(with_header("Authorization", "Basic dXNlcjpwYXNzd29yZA=="), "").mask ==
          "****");
    CHECK(find_auth_token(with_header("X-API-Key", "short"), "").mask == "****");
    CHECK(find_auth_token(with_header("X-API-Key", "0123456789abc"), "k").hash ==
          hmac_sha256_hex("k", "0123456789abc"));
    CHECK_FALSE(find_auth_token(with_header("X-Other", "secret"), "").found);
    CHECK_FALSE(find_auth_token(with_header("Authorization", "Bearer"), "").found);
    CHECK(find_auth_token(with_header("Authorization", "bearer  abc"), "").hash ==
          sha256_hex("abc"));
    CHECK(find_auth_token(with_header("Authorization", "0123456789abcdef"), "").type == "other");
  }

  TEST_CASE("the user agent is cut between characters") {
    const auto tx = make_transaction();
    tx->request.headers = {{"User-Agent", std::string(255, 'a') + "é"}};
    CHECK(make_request_event(*tx, {}, {})
              ->json.find("\"agent\":\"" + std::string(255, 'a') + "\",") != std::string::npos);
  }

  TEST_CASE("media categories are those of the spec") {
    CHECK(std::string(media_category("text/json")) == "json");
    CHECK(std::string(media_category("application/x-javascript")) == "javascript");
    CHECK(std::string(media_category("application/vnd.ms-fontobject")) == "fonts");
    CHECK(std::string(media_category("application/problem+json")) == "json");
    CHECK(std::string(media_category("image/svg+xml")) == "images");
    CHECK(std::string(media_category("text/plain")) == "text");
    CHECK(std::string(media_category("multipart/mixed")) == "other");
    CHECK(std::string(media_category("")) == "");
  }

  TEST_CASE("fields of framing that contradict one another are told") {
    const Ref<Transaction> tx = test::make_transaction();
    const auto event = [&] { return make_request_event(*tx, {}, {})->json; };
    const auto object = [&] { return make_http_transaction_object(tx, {})->data; };
    CHECK(event().find("framing") == std::string::npos);
    CHECK(object().find("framing") == std::string::npos);
    tx->response.framing_conflict = true;
    CHECK(event().find(R"("framingConflict":true)") != std::string::npos);
    const size_t response = object().find(R"("response":)");
    CHECK(object().find(R"("framing_conflict":true)", response) != std::string::npos);
    CHECK(object().find(R"("framing_conflict")") > response);
  }

  TEST_CASE("what is not known of a head is null, and counted") {
    const Ref<Transaction> tx = test::make_transaction();
    tx->protocol = L7Protocol::kHttp2;
    tx->request.target.clear();
    tx->request.target_known = false;
    tx->request.headers = {{"", ""}, {"", "known value"}, {"accept", "x"}};
    tx->request.unknown_fields = 2;
    resolve_url(*tx);
    const std::string event = make_request_event(*tx, {}, {})->json;
    CHECK(event.find(R"("path":null,"method":"GET")") != std::string::npos);
    CHECK(event.find(R"("protocol":"http2")") != std::string::npos);
    ObjectOptions options;
    options.header_list = ObjectOptions::HeaderList::kAlways;
    const std::string object = make_http_transaction_object(tx, options)->data;
    CHECK(object.find(R"("path":null)") != std::string::npos);
    CHECK(
        object.find(
            R"("header_list":[[null,null],[null,"known value"],["accept","x"]],"unknown_fields":2)") !=
        std::string::npos);
    CHECK(object.find(R"(":path")") == std::string::npos);
    CHECK(object.find(R"("":)") == std::string::npos);
  }

  TEST_CASE("an artifact record tells where the object went, or why it did not") {
    const auto object = test::make_object("data");
    const std::string stored =
        make_artifact_event(*object, object->digest, "file-0", "file:///x", "")->json;
    CHECK(
        stored.find(
            R"("url":"file:///x","store":"file-0","size":4,"contentType":"text/plain","stored":true)") !=
        std::string::npos);
    const std::string refused =
        make_artifact_event(*object, object->digest, "file-0", "file:///x", "disk full")->json;
    CHECK(refused.find(R"("stored":false,"error":"disk full")") != std::string::npos);
    CHECK(refused.find("\"url\"") == std::string::npos);
  }
}

TEST_SUITE("model/object_json") {
  TEST_CASE("an http_transaction holds the members of the spec, in its order") {
    const auto object = make_http_transaction_object(make_transaction(), {});
    CHECK(object->digest == sha256_hex(object->data));
    CHECK(
        object->data ==
        R"({"metadata":{"process_id":"4711","process_exe":"/usr/bin/curl","bytes_sent":512,"bytes_received":2048,)"
        R"("connection_id":"c0000000000000000001","endpoint_id":"api.example.com","request_id":"t0000000000000000001"},)"
        R"("request":{"method":"GET","url":"https://api.example.com/get?x=1","scheme":"https","path":"/get?x=1",)"
        R"("authority":"api.example.com","protocol":"http1","user_agent":"curl/8.5.0","headers":{":method":"GET",)"
        R"(":scheme":"https",":authority":"api.example.com",":path":"/get?x=1","Host":"api.example.com",)"
        R"("User-Agent":"curl/8.5.0"}},"response":{"status":200,"content_type":"Application/JSON; charset=utf-8",)"
        R"("headers":{":status":"200","Content-Type":"Application/JSON; charset=utf-8"},"body":"eyJhIjoxfQ==",)"
        R"("body_bytes":7},"transaction_time":"2026-03-01T10:00:00.000000000Z","duration_ms":27,"duration_us":27000,)"
        R"("request_us":0,"ttfb_us":20000,"direction":"egress-external"})");
  }

  TEST_CASE("what a CONNECT request does not have is left out, not empty") {
    const auto tx = make_transaction();
    tx->request.method = "CONNECT";
    tx->request.target = "proxy.example:443";
    resolve_url(*tx);
    const std::string json = make_http_transaction_object(tx, {})->data;
    CHECK(json.find(R"(":authority":"proxy.example:443","Host":)") != std::string::npos);
    CHECK(json.find(":path") == std::string::npos);
  }

  TEST_CASE("details leave bodies out, summary also headers") {
    const auto tx = make_transaction();
    const std::string details =
        make_http_transaction_object(tx, {.headers = true, .bodies = false})->data;
    CHECK(details.find("\"body\":") == std::string::npos);
    CHECK(details.find("\"headers\"") != std::string::npos);
    const std::string summary =
        make_http_transaction_object(tx, {.headers = false, .bodies = false})->data;
    CHECK(summary.find("\"headers\"") == std::string::npos);
  }

  TEST_CASE("a name that repeats brings the ordered list; a cut message is marked") {
    const auto tx = make_transaction();
    tx->response.headers = {{"set-cookie", "a=1"}, {"Set-Cookie", "b=2"}};
    tx->response.truncation = http::Truncation::kBodyBuffer;
    tx->response.missing_bytes = 8;
    const std::string json = make_http_transaction_object(tx, {})->data;
    CHECK(json.find(R"("Set-Cookie":"a=1\nb=2")") != std::string::npos);
    CHECK(json.find(R"("header_list":[["set-cookie","a=1"],["Set-Cookie","b=2"]])") !=
          std::string::npos);
    CHECK(json.find(R"("truncated":true,"missing_bytes":8,"truncated_reason":"body_buffer")") !=
          std::string::npos);
    CHECK(json.ends_with(R"("truncated":true,"missing_bytes":8})"));
  }
}
