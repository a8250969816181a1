// SPDX-License-Identifier: Apache-2.0
// qtap.hpp from the outside: handles, handler, references that outlive their session, rules.
#include <qtap/qtap.hpp>

#include "abi.h"

namespace {

class Recorder : public qtap::Handler {
 public:
  int on_connection(const qtap::Connection& conn, int phase) override {
    if (phase == QTAP_CONN_OPEN) pid = conn.integer("src.process.pid").value_or(-1);
    return 0;
  }
  int on_data(const qtap::Connection&, const qtap_data& data) override {
    bytes += data.len;
    return 0;
  }
  int on_transaction(const qtap::Transaction& tx) override {
    kept = tx;
    return result;
  }
  int on_event(const qtap::Event& event) override {
    CHECK(event.json().front() == '{' && !event.text("event.type").empty());
    return 0;
  }

  int64_t pid = 0;
  size_t bytes = 0;
  int result = 0;
  std::optional<qtap::Transaction> kept;
};

qtap::Session make_session(qtap::Handler& handler) {
  qtap::Config config;
  CHECK(config.set("capture.source", "feed").ok());
  CHECK(config.set("worker.threads", "0").ok());
  qtap::Session session;
  CHECK(qtap::Session::create(session, config, &handler).ok());
  return session;
}

qtap::Status exchange(qtap::Session& session) {
  qtap_peer peer = {};
  peer.pid = 4711;
  peer.exe = qtap::str("/usr/bin/shop");
  uint64_t id = 0;
  if (auto status = session.feed_open(peer, ABI_START, id); !status) return status;
  const std::string_view request(abi_request, sizeof abi_request - 1);
  if (auto status = session.feed_data(id, QTAP_DIR_SENT, ABI_START, request); !status)
    return status;
  const std::string_view response(abi_response, sizeof abi_response - 1);
  if (auto status = session.feed_data(id, QTAP_DIR_RECEIVED, ABI_START, response); !status)
    return status;
  return session.feed_close(id, ABI_START);
}

void a_handler_is_called_and_references_outlive_the_session() {
  Recorder recorder;
  {
    qtap::Session session = make_session(recorder);
    CHECK(session.start().ok());
    CHECK(exchange(session).ok());
    CHECK(session.stats().transactions == 1);
    session.stop();
    CHECK(session.run().ok() && session.done());
  }
  CHECK(recorder.pid == 4711);
  CHECK(recorder.bytes == sizeof abi_request + sizeof abi_response - 2);
  if (!CHECK(recorder.kept.has_value())) return;
  const qtap::Transaction tx = *recorder.kept;
  recorder.kept.reset();
  CHECK(tx.text("http.req.method") == "GET");
  CHECK(tx.integer("http.res.status") == 200);
  CHECK(!tx.field("no.such.field"));
  CHECK(tx.text("http.res.status").empty());
  CHECK(tx.header(QTAP_REQUEST, 0)->value == "shop.example");
  CHECK(!tx.header(QTAP_REQUEST, 1));
  CHECK(tx.body(QTAP_RESPONSE) == "hi");
  CHECK(tx.connection().text("src.process.path") == "/usr/bin/shop");
}

class Private : public qtap::Handler {
 public:
  int transactions = 0;

 private:
  int on_transaction(const qtap::Transaction&) override { return ++transactions, 0; }
};

class Derived final : public Private {};

// What a type overrides is called, however it is written; what it does not is left out.
void overridden_calls_are_installed() {
  qtap::Config config;
  CHECK(config.set("capture.source", "feed").ok());
  CHECK(config.set("worker.threads", "0").ok());
  qtap::Session session;
  Derived handler;
  CHECK(qtap::Session::create(session, config, &handler).ok());
  CHECK(session.start().ok());
  CHECK(exchange(session).ok());
  CHECK(handler.transactions == 1);
}

struct Shelf {
  std::string body;
  std::string transaction;
  int ended = 0;
};

void a_sink_takes_bodies_as_they_pass() {
  qtap::Config config;
  CHECK(config.set("capture.source", "feed").ok());
  CHECK(config.set("worker.threads", "0").ok());
  CHECK(config
            .parse(
                "tap: { http: { stack: all } }\n"
                "stacks: { all: { plugins: [ { type: http_capture, config: { level: full } } ] } }")
            .ok());
  qtap::Session session;
  CHECK(qtap::Session::create(session, config).ok());
  qtap_sink_ops ops = {};
  ops.size = sizeof ops;
  ops.name = "bodies";
  ops.put_body = [](void* user, const qtap_body_chunk* chunk) noexcept {
    Shelf& shelf = *static_cast<Shelf*>(user);
    CHECK(chunk->size >= sizeof *chunk && chunk->message == QTAP_RESPONSE);
    CHECK(chunk->direction == QTAP_DIR_RECEIVED && chunk->missing == 0);
    CHECK(chunk->offset == shelf.body.size());
    CHECK(((chunk->flags & QTAP_BODY_FIRST) != 0) == shelf.body.empty());
    CHECK((chunk->flags & (QTAP_BODY_TRUNCATED | QTAP_BODY_LENGTH_UNKNOWN)) == 0);
    CHECK(strlen(chunk->connection_id) == 20);
    shelf.body += qtap::view(*chunk);
    shelf.transaction = chunk->transaction_id;
    if ((chunk->flags & QTAP_BODY_LAST) != 0) ++shelf.ended;
    return 0;
  };
  Shelf shelf;
  CHECK(session.add_sink(ops, &shelf).ok());
  CHECK(session.start().ok());
  CHECK(exchange(session).ok());
  CHECK(shelf.body == "hi" && shelf.ended == 1 && shelf.transaction.size() == 20);
}

void failures_are_a_status_with_a_text() {
  qtap::Config config;
  const qtap::Status unknown = config.set("capture.sourc", "feed");
  CHECK(unknown.code == QTAP_ERR_INVALID && !unknown.message.empty());
  CHECK(!config.parse("tap: [").ok());

  Recorder recorder;
  recorder.result = -1;
  qtap::Session session = make_session(recorder);
  CHECK(session.poll(0).code == QTAP_ERR_STATE);
  CHECK(session.start().ok());
  const qtap::Status refused = exchange(session);
  CHECK(refused.code == QTAP_ERR_CALLBACK &&
        refused.message.find("on_transaction") != std::string::npos);

  qtap::Session empty = std::move(session);
  CHECK(session.start().code == QTAP_ERR_INVALID);  // moved from
  CHECK(session.stats().records == 0);
  CHECK(empty.stats().transactions == 1);
}

int no_field(std::string_view, qtap_value&) {
  return QTAP_ERR_NOTFOUND;
}

void a_rule_asks_a_lambda() {
  qtap::Rule rule;
  CHECK(qtap::Rule::compile("http.res.status >= 500", rule).ok());
  const auto status = [](std::string_view name, qtap_value& ret) -> int {
    if (name != "http.res.status") return QTAP_ERR_NOTFOUND;
    ret.type = QTAP_VALUE_INT64;
    ret.i = 503;
    return 0;
  };
  bool matches = false;
  CHECK(rule.matches(status, matches).ok() && matches);
  CHECK(rule.matches(no_field, matches).code == QTAP_WARN_PARTIAL && !matches);
  matches = true;
  const qtap::Status wrong = qtap::Rule::compile("http.res.status >=", rule);
  CHECK(wrong.code == QTAP_ERR_INVALID && wrong.message.find("line 1") != std::string::npos);
  CHECK(rule.matches(status, matches).ok());  // the old one is still there
}

void a_rule_says_why() {
  const qtap_rule_macro macros[] = {{{"bad", 3}, {"status >= 500", 13}}};
  qtap_rule_names names = {};
  names.macros = macros;
  names.macro_count = 1;
  qtap::RuleLibrary library;
  CHECK(qtap::RuleLibrary::make(names, library).ok());
  qtap::Rule rule;
  CHECK(qtap::Rule::compile("bad() and host", library, rule).ok());
  library = {};  // the rule keeps what it needs
  CHECK(rule.text() == "bad() and host");
  qtap::RuleResult result;
  const auto status_only = [](std::string_view name, qtap_value& ret) -> int {
    if (name != "status") return QTAP_ERR_NOTFOUND;
    ret.type = QTAP_VALUE_INT64;
    ret.i = 503;
    return 0;
  };
  CHECK(rule.explain(status_only, result).ok());
  rule = {};
  CHECK(result.outcome() == QTAP_RULE_UNKNOWN && result.rest() == "host");
  std::string missing;
  result.for_each_missing([&](std::string_view name) { missing += name; });
  CHECK(missing == "host");
  names.macro_count = 2;
  names.macros = nullptr;
  CHECK(qtap::RuleLibrary::make(names, library).code == QTAP_ERR_INVALID);
}

void a_set_tells_hits() {
  std::vector<qtap::Rule> rules(2);
  CHECK(qtap::Rule::compile("status >= 500", rules[0]).ok());
  CHECK(qtap::Rule::compile("status == 503", rules[1]).ok());
  qtap::RuleSet set;
  CHECK(qtap::RuleSet::make(rules, set).ok());
  rules.clear();
  const auto status = [](std::string_view, qtap_value& ret) -> int {
    ret.type = QTAP_VALUE_INT64;
    ret.i = 503;
    return 0;
  };
  std::vector<qtap_rule_hit> hits;
  CHECK(set.evaluate(status, hits).ok() && hits.size() == 1 && hits[0].rule == 0);
  CHECK(set.evaluate(status, hits, QTAP_RULE_SET_ALL).ok() && hits.size() == 2);
}

void values_of_every_type_come_back() {
  qtap_value items[2] = {};
  for (qtap_value& item : items) item.type = QTAP_VALUE_STRING;
  for (int type = QTAP_VALUE_NULL; type < QTAP_VALUE_REGEX; ++type) {
    qtap_value given = {};
    given.type = type;
    given.i = type == QTAP_VALUE_BOOL || type == QTAP_VALUE_INT64 ? 1 : 0;
    given.u = type == QTAP_VALUE_UINT64 ? 2 : 0;
    given.d = type == QTAP_VALUE_DOUBLE ? 2.5 : 0;
    if (type == QTAP_VALUE_IP || type == QTAP_VALUE_CIDR) given.family = 6;
    const bool has_bytes = type == QTAP_VALUE_STRING || type == QTAP_VALUE_BYTES ||
                           type == QTAP_VALUE_MAC || type == QTAP_VALUE_HEX;
    if (has_bytes) given.s = {"abcdef", 6};
    if (type >= QTAP_VALUE_LIST && type <= QTAP_VALUE_MAP) {
      given.items = items;
      given.count = 2;
    }
    const auto lookup = [&](std::string_view, qtap_value& ret) -> int {
      ret = given;
      return 0;
    };
    qtap::Rule rule;
    CHECK(qtap::Rule::compile("f", rule).ok());
    qtap::RuleResult result;
    CHECK(rule.explain(lookup, result).ok());
    qtap_value back = {};
    CHECK(result.value(back).ok() && back.type == type);
    CHECK(back.i == given.i && back.u == given.u && back.d >= given.d && back.d <= given.d);
    CHECK(back.family == given.family && back.count == given.count);
    CHECK(qtap::view(back.s) == qtap::view(given.s));
  }
  qtap::Rule rule;
  qtap::RuleResult result;
  qtap_value back = {};
  CHECK(qtap::Rule::compile("/^x/", rule).ok() && rule.explain(no_field, result).ok());
  CHECK(result.value(back).ok() && back.type == QTAP_VALUE_REGEX && qtap::view(back.s) == "^x");
  CHECK(qtap::Rule::compile("missing == 1", rule).ok() && rule.explain(no_field, result).ok());
  CHECK(result.value(back).code == QTAP_ERR_NOTFOUND);
}

class Talk : public qtap::HttpHandler {
 public:
  void on_body(const qtap_http_exchange*, const qtap_http_body& part) override {
    body.append(static_cast<const char*>(part.bytes), part.len);
  }
  void on_exchange(const qtap::HttpExchange& exchange) override { kept = exchange; }
  void on_error(const qtap_http_error& error) override { reason = error.reason; }

  std::string body;
  std::string reason;
  std::optional<qtap::HttpExchange> kept;
};

void http_is_read_without_a_session() {
  Talk talk;
  {
    qtap::HttpParser parser;
    CHECK(qtap::HttpParser::make({}, talk, parser).ok());
    CHECK(parser.data(0, 1, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n") == QTAP_OK);
    CHECK(parser.data(1, 2, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") == QTAP_OK);
    CHECK(parser.data(1, 3, "rubbish") == QTAP_OK && parser.end(4, true) == QTAP_OK);
    CHECK(parser.gap(1, 4, 1) == QTAP_ERR_STATE);
    CHECK(parser.stats().exchanges == 1);
  }
  CHECK(talk.body == "hi" && !talk.reason.empty());
  CHECK(talk.kept && qtap::view(talk.kept->request().target) == "/a");
  CHECK(talk.kept && talk.kept->response().status == 200);
  std::string fields;
  talk.kept->for_each_field(QTAP_HTTP_REQUEST, [&](auto name, auto value) {
    fields += std::string(name.value_or("?")) + "=" + std::string(value.value_or("?"));
  });
  CHECK(fields == "Host=x");
  qtap_http_options both = {};
  both.flags = QTAP_HTTP_ZERO_ASKS | QTAP_HTTP_ONE_ASKS;
  qtap::HttpParser none;
  CHECK(qtap::HttpParser::make(both, talk, none).code == QTAP_ERR_INVALID);
}

void contents_are_decoded_and_named() {
  std::string text;
  qtap::HttpDecoder decoder([&](std::string_view decoded) { text += decoded; });
  CHECK(decoder.begin("identity").ok());
  CHECK(decoder.data("abc") == QTAP_HTTP_DECODING && decoder.end() == QTAP_HTTP_DECODED);
  CHECK(text == "abc");
  CHECK(decoder.begin("frob").code == QTAP_ERR_UNSUPPORTED);
  qtap::HttpMediaType type;
  CHECK(qtap::HttpMediaType::parse("Application/problem+JSON; charset=\"utf-8\"", type).ok());
  CHECK(type.type() == "application" && type.subtype() == "problem+json");
  CHECK(type.suffix() == "json" && type.parameter("charset") == "utf-8");
  CHECK(!type.parameter("x") && type.fault().empty());
}

void requests_are_signed() {
  qtap_s3_options options = {};
  options.access_key_id = qtap::str("AKIAIOSFODNN7EXAMPLE");
  options.secret_access_key = qtap::str("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  qtap::S3Signer signer;
  const qtap::Status refused = qtap::S3Signer::make(options, signer);
  CHECK(!refused && refused.message == "QT150: make a signer: region: byte 0: is empty");
  options.region = qtap::str("us-east-1");
  CHECK(qtap::S3Signer::make(options, signer).ok());

  const qtap_s3_header headers[] = {
      {qtap::str("host"), qtap::str("examplebucket.s3.amazonaws.com")}};
  qtap_s3_request request = {};
  request.method = qtap::str("GET");
  request.target = qtap::str("/test.txt");
  request.headers = headers;
  request.header_count = 1;
  request.time_s = 1369353600;
  qtap::S3Signed made;
  CHECK(signer.presign(request, 86400, made).ok());
  CHECK(made.signature() == "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  CHECK(made.target().ends_with(made.signature()) && made.signed_headers() == "host");

  request.payload = QTAP_S3_SIGNED_CHUNKS;
  request.decoded_length = 5;
  CHECK(signer.sign(request, made).ok());
  int count = 0;
  made.for_each_header([&](std::string_view name, std::string_view) { count += name != "host"; });
  CHECK(count == 5);
  qtap::S3Chunks chunks;
  std::string_view sent;
  CHECK(signer.chunks(made, 0, chunks).ok());
  CHECK(chunks.data("hello", sent).ok() && sent.empty());
  CHECK(chunks.end({}, sent).ok() && sent.starts_with("5;chunk-signature="));
}

}  // namespace

int main() {
  a_handler_is_called_and_references_outlive_the_session();
  failures_are_a_status_with_a_text();
  overridden_calls_are_installed();
  a_sink_takes_bodies_as_they_pass();
  a_rule_asks_a_lambda();
  a_rule_says_why();
  a_set_tells_hits();
  values_of_every_type_come_back();
  http_is_read_without_a_session();
  contents_are_decoded_and_named();
  requests_are_signed();
  return failed_checks != 0;
}
