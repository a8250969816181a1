// SPDX-License-Identifier: Apache-2.0
// Nouns for tests, one line each.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/sha256.h"
#include "model/event.h"
#include "model/object.h"
#include "model/transaction.h"

namespace qtap::test {

inline Address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port = 443) {
  return {AF_INET, port, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}};
}

inline Ref<Connection> make_connection() {
  auto conn = Ref<Connection>::make();
  conn->id = "c0000000000000000001";
  conn->endpoint_id = "api.example.com";
  conn->endpoint_is_name = true;
  conn->local = ipv4(10, 0, 0, 1, 40000);
  conn->remote = ipv4(93, 184, 216, 34);
  conn->address_known = true;
  conn->role = Role::kClient;
  conn->direction = FlowDirection::kEgressExternal;
  conn->process = {.pid = 4711,
                   .uid = 1000,
                   .known = true,
                   .exe = "/usr/bin/curl",
                   .comm = "curl",
                   .user = "ann"};
  conn->opened_ns = 1'772'359'200'000'000'000;  // 2026-03-01T10:00:00Z
  conn->is_tls = true;
  conn->tls_probed = true;
  conn->tls_state = TlsState::kDecrypted;
  conn->l7 = L7Protocol::kHttp1;
  conn->wire_bytes = {512, 2048};
  return conn;
}

// GET https://api.example.com/get?x=1 → 200, 27 ms.
inline Ref<Transaction> make_transaction() {
  auto tx = Ref<Transaction>::make();
  tx->id = "t0000000000000000001";
  tx->connection = make_connection();
  tx->request.method = "GET";
  tx->request.target = "/get?x=1";
  tx->request.headers = {{"Host", "api.example.com"}, {"User-Agent", "curl/8.5.0"}};
  tx->request.start_ns = tx->connection->opened_ns;
  tx->request.end_ns = tx->request.start_ns;
  tx->request.wire_bytes = 78;
  tx->request.complete = true;
  tx->response.status = 200;
  tx->response.reason = "OK";
  tx->response.headers = {{"content-type", "Application/JSON; charset=utf-8"}};
  tx->response.body = "{\"a\":1}";
  tx->response.body_bytes = 7;
  tx->response.wire_bytes = 100;
  tx->response.start_ns = tx->request.start_ns + 20'000'000;
  tx->response.end_ns = tx->request.start_ns + 27'000'000;
  tx->response.complete = true;
  resolve_url(*tx);
  return tx;
}

inline Ref<Object> make_object(std::string_view data) {
  auto object = Ref<Object>::make();
  object->type = "test";
  object->content_type = "text/plain";
  object->data = data;
  object->digest = sha256_hex(data);
  object->transaction = make_transaction();
  return object;
}

inline Ref<Event> make_event(std::string_view json) {
  auto event = Ref<Event>::make();
  event->type = "test";
  event->json = json;
  return event;
}

}  // namespace qtap::test
