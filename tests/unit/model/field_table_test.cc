// SPDX-License-Identifier: Apache-2.0
#include "model/field_table.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <set>

using namespace qtap;

namespace {

// The one of spec/rule-fields.md 5.
Ref<Transaction> sample() {
  auto connection = Ref<Connection>::make();
  Connection& c = *connection;
  c.id = "conn";
  c.endpoint_id = "api.example.com";
  c.endpoint_is_name = true;
  c.local = {AF_INET, 40000, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 5}};
  c.remote = {AF_INET, 443, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 9}};
  c.address_known = true;
  c.role = Role::kClient;
  c.direction = FlowDirection::kEgressExternal;
  c.process = {.pid = 7,
               .ppid = 1,
               .uid = 0,
               .known = true,
               .exe = "/usr/bin/curl",
               .comm = "curl",
               .user = "root",
               .cgroup = "/",
               .container_id = ""};
  c.opened_ns = 1'000'000'000;
  c.is_tls = true;
  c.tls = {.sni = "api.example.com", .alpn = {"h2", "http/1.1"}, .version = 772, .cipher = 0x1301};
  c.l7 = L7Protocol::kHttp1;
  c.wire_bytes = {10, 20};

  auto tx = Ref<Transaction>::make();
  tx->id = "tx";
  tx->connection = connection;
  tx->request.method = "GET";
  tx->request.target = "/v1/items?id=7";
  tx->request.headers = {{"Host", "api.example.com"},
                         {"User-Agent", "curl/8"},
                         {"Accept", "a"},
                         {"accept", "b"},
                         {"X-Odd!Name", "odd"}};
  tx->request.start_ns = 2'000'000'000;
  tx->response.status = 404;
  tx->response.headers = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
  tx->response.start_ns = 2'001'000'000;
  tx->response.end_ns = 2'003'500'000;
  tx->response.body_bytes = 99;
  resolve_url(*tx);
  return tx;
}

std::string text_of(const Transaction& tx, std::string_view name) {
  FieldValue value;
  if (!get_field(tx, name, value)) return "(missing)";
  CHECK(value.type == FieldType::kText);
  return std::string(value.text);
}

int64_t int_of(const Transaction& tx, std::string_view name) {
  FieldValue value;
  if (!get_field(tx, name, value)) return -1;
  CHECK(value.type == FieldType::kInt);
  return value.integer;
}

bool is_missing(const Transaction& tx, std::string_view name) {
  FieldValue value;
  return !get_field(tx, name, value);
}

// A name of the row that can be asked for.
std::string concrete(std::string name) {
  if (const size_t free = name.find("<name>"); free != std::string::npos)
    return name.substr(0, free) + "host";
  return name.ends_with("[]") ? name.substr(0, name.size() - 2) + "[0]" : name;
}

}  // namespace

TEST_SUITE("model/field_table") {
  TEST_CASE("every row is found under its own name, once, and is documented") {
    std::set<std::string> names;
    for (const Field& field : field_table()) {
      const std::string name = field.name;
      CAPTURE(name);
      CHECK(names.insert(name).second);
      CHECK(find_field(concrete(name)) == &field);
      CHECK(std::string(field.help).ends_with("."));
    }
  }

  TEST_CASE("every row of every object gives the type that the table promises, or nothing") {
    const Ref<Transaction> tx = sample();
    const auto object = Ref<Object>::make();
    object->transaction = tx;
    Event event;
    event.type = "request";
    for (const Field& field : field_table()) {
      const std::string name = concrete(field.name);
      CAPTURE(name);
      FieldValue value;
      const bool has_value = field.owner == FieldOwner::kEvent ? get_field(event, name, value)
                                                               : get_field(*object, name, value);
      if (!has_value) continue;
      CHECK(value.type == (field.type == FieldType::kTextList ? FieldType::kText : field.type));
      Connection empty;
      CHECK((field.owner == FieldOwner::kConnection || !get_field(empty, name, value)));
    }
  }

  TEST_CASE("the request is read by name") {
    const Ref<Transaction> tx = sample();
    CHECK(text_of(*tx, "http.req.method") == "GET");
    CHECK(text_of(*tx, "http.req.host") == "api.example.com");
    CHECK(text_of(*tx, "http.req.path") == "/v1/items?id=7");
    CHECK(text_of(*tx, "http.req.pathname") == "/v1/items");
    CHECK(text_of(*tx, "http.req.query") == "id=7");
    CHECK(text_of(*tx, "http.req.url") == "https://api.example.com/v1/items?id=7");
    CHECK(text_of(*tx, "http.req.scheme") == "https");
    CHECK(text_of(*tx, "http.req.version") == "HTTP/1.1");
    CHECK(text_of(*tx, "http.req.headers.user-agent") == "curl/8");
    CHECK(text_of(*tx, "transaction.id") == "tx");
  }

  TEST_CASE("the response is read by name") {
    const Ref<Transaction> tx = sample();
    CHECK(int_of(*tx, "http.res.status") == 404);
    CHECK(int_of(*tx, "http.res.body_bytes") == 99);
    CHECK(int_of(*tx, "http.duration_ms") == 3);
    CHECK(int_of(*tx, "http.duration_us") == 3500);
    CHECK(int_of(*tx, "http.ttfb_us") == 1000);
    CHECK(int_of(*tx, "transaction.response_start_ns") == 2'001'000'000);
    CHECK(int_of(*tx, "transaction.end_ns") == 2'003'500'000);
    tx->request.end_ns = 2'000'400'000;
    FieldValue value;
    CHECK_FALSE(get_field(*tx, "http.request_us", value));
    CHECK_FALSE(get_field(*tx, "transaction.request_end_ns", value));
    tx->request.complete = true;
    CHECK(int_of(*tx, "http.request_us") == 400);
    CHECK(int_of(*tx, "transaction.request_end_ns") == 2'000'400'000);
    tx->response.status.reset();
    CHECK(is_missing(*tx, "http.res.status"));
    CHECK(is_missing(*tx, "http.duration_ms"));
  }

  TEST_CASE("truncation is told by reason and by bytes") {
    const Ref<Transaction> tx = sample();
    FieldValue value;
    REQUIRE(get_field(*tx, "http.truncated", value));
    CHECK_FALSE(value.boolean);
    CHECK(is_missing(*tx, "http.res.truncated_reason"));
    tx->response.truncation = http::Truncation::kCaptureLoss;
    tx->response.missing_bytes.reset();
    REQUIRE(get_field(*tx, "http.truncated", value));
    CHECK(value.boolean);
    CHECK(text_of(*tx, "http.res.truncated_reason") == "capture_loss");
    CHECK(is_missing(*tx, "http.missing_bytes"));
    CHECK(int_of(*tx, "http.req.missing_bytes") == 0);
  }

  TEST_CASE("repeated header fields are joined once and live with the transaction") {
    const Ref<Transaction> tx = sample();
    FieldValue first, second;
    REQUIRE(get_field(*tx, "http.req.headers.accept", first));
    REQUIRE(get_field(*tx, "http.req.headers.accept", second));
    CHECK(first.text == "a, b");
    CHECK(first.text.data() == second.text.data());
    CHECK(text_of(*tx, "http.res.headers.set-cookie") == "a=1\nb=2");
    CHECK(text_of(*tx, "http.req.headers.host") == "api.example.com");
    const Transaction copy = *tx;
    CHECK(text_of(copy, "http.req.headers.accept") == "a, b");
    CHECK(first.text == "a, b");
  }

  TEST_CASE("a header name with other characters is written with underscores") {
    CHECK(text_of(*sample(), "http.req.headers.x-odd_name") == "odd");
    CHECK(is_missing(*sample(), "http.req.headers.x-team"));
    CHECK(is_missing(*sample(), "http.req.headers."));
  }

  TEST_CASE("aliases stand for the long names") {
    const Ref<Transaction> tx = sample();
    CHECK(text_of(*tx, "req.method") == "GET");
    CHECK(text_of(*tx, "request.pathname") == "/v1/items");
    CHECK(int_of(*tx, "res.status") == 404);
    CHECK(text_of(*tx, "request.headers.user-agent") == "curl/8");
    CHECK(int_of(*tx, "response.body_bytes") == 99);
    CHECK(text_of(*tx, "exe") == "/usr/bin/curl");
    CHECK(find_field("exe.x") == nullptr);
  }

  TEST_CASE("a transaction knows its connection") {
    const Ref<Transaction> tx = sample();
    FieldValue value;
    REQUIRE(get_field(*tx, "dst.ip", value));
    CHECK(value.type == FieldType::kIp);
    CHECK(ip_text(*value.ip) == "203.0.113.9");
    CHECK(int_of(*tx, "dst.port") == 443);
    CHECK(int_of(*tx, "src.port") == 40000);
    CHECK(text_of(*tx, "dst.domain") == "api.example.com");
    CHECK(text_of(*tx, "direction") == "egress-external");
    CHECK(text_of(*tx, "protocol") == "http1");
    CHECK(text_of(*tx, "src.process.binary") == "curl");
    CHECK(int_of(*tx, "src.process.user.id") == 0);
    CHECK(int_of(*tx, "connection.received_bytes") == 20);
    CHECK(is_missing(*tx, "src.container.id"));
    CHECK(is_missing(*tx, "connection.closed_ns"));
    REQUIRE(get_field(*tx, "dst.internal", value));
    CHECK_FALSE(value.boolean);
    REQUIRE(get_field(*tx, "tls.version", value));
    CHECK(value.number == 1.3);
  }

  TEST_CASE("a list is read whole or by element") {
    const Ref<Transaction> tx = sample();
    FieldValue value;
    REQUIRE(get_field(*tx, "tls.alpn", value));
    CHECK(value.type == FieldType::kTextList);
    REQUIRE(value.list->size() == 2);
    const qtap_str second = value.list->values()[1].s;
    CHECK(std::string_view(second.data, second.len) == "http/1.1");
    CHECK(text_of(*tx, "tls.alpn[1]") == "http/1.1");
    for (const char* name : {"tls.alpn[2]", "tls.alpn[]", "tls.alpn[x]", "tls.alpn[0", "tls.alpnx",
                             "tls.alpn[99999999999999999999]", "tls.alpn[-1]"}) {
      CAPTURE(name);
      CHECK(is_missing(*tx, name));
    }
  }

  TEST_CASE("what is not known is missing, never a zero or an empty text") {
    Connection c;
    FieldValue value;
    for (const char* name :
         {"src.ip", "src.port", "dst.ip", "dst.port", "dst.domain", "dst.internal", "tls.enabled",
          "tls.version", "tls.sni", "tls.alpn", "tls.state", "direction", "src.process.path",
          "src.process.pid", "src.process.user.id", "connection.role"}) {
      CAPTURE(name);
      CHECK_FALSE(get_field(c, name, value));
    }
    CHECK_FALSE(get_field(c, "http.req.method", value));
    CHECK_FALSE(get_field(c, "", value));
    CHECK_FALSE(get_field(c, "no.such", value));
    const Transaction without_connection;
    CHECK_FALSE(get_field(without_connection, "src.ip", value));
  }

  TEST_CASE("a wrong field name has a suggestion") {
    CHECK(suggest_field("htp.res.status") == "http.res.status");
    CHECK(suggest_field("dst.prt") == "dst.port");
    CHECK(suggest_field("something.else").empty());
  }

  TEST_CASE("events and objects have fields of their own") {
    Event event;
    event.type = "connection";
    event.time_ns = 5;
    FieldValue value;
    REQUIRE(get_field(event, "event.type", value));
    CHECK(value.text == "connection");
    CHECK_FALSE(get_field(event, "event.request_id", value));
    Object object;
    object.data = "abc";
    object.transaction = sample();
    REQUIRE(get_field(object, "object.bytes", value));
    CHECK(value.integer == 3);
    REQUIRE(get_field(object, "http.res.status", value));
    CHECK(value.integer == 404);
  }
}
