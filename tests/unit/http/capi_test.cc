// SPDX-License-Identifier: Apache-2.0
// qtap/http.h as a program in C sees it.
#include <qtap/http.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "../support/encode.h"
#include "../support/h2_writer.h"

namespace {

std::string text_of(qtap_str s) {
  return s.data ? std::string(s.data, s.len) : "?";
}

qtap_http_message message_of(const qtap_http_exchange* exchange, int which) {
  qtap_http_message message = {};
  message.size = sizeof message;
  CHECK(qtap_http_message_get(exchange, which, &message) == QTAP_OK);
  return message;
}

class Reader {
 public:
  explicit Reader(uint32_t protocol = QTAP_HTTP_AUTO, uint32_t flags = 0) {
    qtap_http_options options = {};
    options.size = sizeof options;
    options.protocol = protocol;
    options.flags = flags;
    qtap_http_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_request = [](const qtap_http_exchange* x, void* user) {
      self(user).log += "> " + text_of(message_of(x, QTAP_HTTP_REQUEST).target) + "\n";
      self(user).again = qtap_http_parser_data(self(user).parser, 0, 0, "x", 1);
    };
    callbacks.on_response = [](const qtap_http_exchange* x, void* user) {
      self(user).log += "< " + std::to_string(message_of(x, QTAP_HTTP_RESPONSE).status) + "\n";
    };
    callbacks.on_body = [](const qtap_http_exchange*, const qtap_http_body* body, void* user) {
      self(user).log += "body " + std::to_string(body->which) + " at " +
                        std::to_string(body->offset) + " " +
                        std::string(static_cast<const char*>(body->bytes), body->len) +
                        (body->len == 0 ? (body->complete ? "end" : "cut") : "") + "\n";
    };
    callbacks.on_exchange = [](const qtap_http_exchange* x, void* user) {
      self(user).exchanges.push_back(qtap_http_exchange_ref(x));
    };
    callbacks.on_error = [](const qtap_http_error* error, void* user) {
      self(user).log += "error at " + std::to_string(error->offset) + " of " +
                        std::to_string(error->direction) + ": " + error->reason + "\n";
    };
    REQUIRE(qtap_http_parser_new(&options, &callbacks, this, &parser) == QTAP_OK);
  }
  ~Reader() {
    for (const qtap_http_exchange* x : exchanges) qtap_http_exchange_unref(x);
    qtap_http_parser_free(parser);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void data(int direction, std::string_view text) {
    CHECK(qtap_http_parser_data(parser, direction, ++now_, text.data(), text.size()) == QTAP_OK);
  }
  void gap(int direction, uint64_t len) {
    CHECK(qtap_http_parser_gap(parser, direction, ++now_, len) == QTAP_OK);
  }
  void end(int closed = 1) { CHECK(qtap_http_parser_end(parser, ++now_, closed) == QTAP_OK); }
  qtap_http_stats stats() const {
    qtap_http_stats stats = {};
    stats.size = sizeof stats;
    CHECK(qtap_http_parser_stats(parser, &stats) == QTAP_OK);
    return stats;
  }

  qtap_http_parser* parser = nullptr;
  std::vector<const qtap_http_exchange*> exchanges;
  std::string log;
  int again = 1;

 private:
  static Reader& self(void* user) { return *static_cast<Reader*>(user); }
  uint64_t now_ = 0;
};

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kHi = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: 1\r\na: 2\r\n\r\nhi";

struct Decoded {
  std::string text;
  int state = -1;
};

Decoded decode(std::string_view coding, std::string_view body, uint64_t max_output = 0) {
  Decoded out;
  qtap_http_decode_limits limits = {};
  limits.size = sizeof limits;
  limits.max_output_bytes = max_output;
  qtap_http_decoder* decoder = nullptr;
  out.state = qtap_http_decoder_new(
      coding.data(), coding.size(), &limits,
      [](const void* bytes, size_t len, void* user) {
        static_cast<Decoded*>(user)->text.append(static_cast<const char*>(bytes), len);
      },
      &out, &decoder);
  if (out.state < 0) return out;
  for (const char c : body) out.state = qtap_http_decoder_data(decoder, &c, 1);
  out.state = qtap_http_decoder_end(decoder);
  qtap_http_decoder_free(decoder);
  return out;
}

}  // namespace

TEST_SUITE("http/capi") {
  TEST_CASE("a conversation is told as it passes, and kept as long as one likes") {
    Reader reader;
    reader.data(1, kGet);
    CHECK(reader.again == QTAP_ERR_BUSY);
    reader.data(0, kHi);
    CHECK(reader.log == "> /a\nbody 0 at 0 end\n< 200\nbody 1 at 0 hi\nbody 1 at 2 end\n");
    REQUIRE(reader.exchanges.size() == 1);
    CHECK(reader.stats().protocol == QTAP_HTTP_1);
    CHECK(reader.stats().client == 1);
    CHECK(reader.stats().exchanges == 1);
    reader.end();
    const qtap_http_exchange* x = reader.exchanges[0];
    const qtap_http_message request = message_of(x, QTAP_HTTP_REQUEST);
    const qtap_http_message response = message_of(x, QTAP_HTTP_RESPONSE);
    CHECK(text_of(request.method) == "GET");
    CHECK(request.status == -1);
    CHECK(response.version == 11);
    CHECK(text_of(response.body) == "hi");
    CHECK(response.flags == QTAP_HTTP_COMPLETE);
    CHECK(response.headers == 3);
    CHECK(response.missing_bytes == 0);
    qtap_str name, value;
    CHECK(qtap_http_field_at(x, QTAP_HTTP_RESPONSE, 2, &name, &value) == QTAP_OK);
    CHECK(text_of(name) + "=" + text_of(value) == "a=2");
    CHECK(qtap_http_field_at(x, QTAP_HTTP_RESPONSE, 3, &name, &value) == QTAP_ERR_NOTFOUND);
  }

  TEST_CASE("interim responses are counted, and their statuses told") {
    Reader reader;
    reader.data(1, kGet);
    for (const char* status : {"100", "102", "103", "103", "103", "103", "199"}) {
      reader.data(0, std::string("HTTP/1.1 ") + status + " Wait\r\n\r\n");
    }
    reader.data(0, kHi);
    reader.end();
    REQUIRE(reader.exchanges.size() == 1);
    const qtap_http_message response = message_of(reader.exchanges[0], QTAP_HTTP_RESPONSE);
    CHECK(response.status == 200);
    CHECK(response.interim == 7);
    const std::vector<int> told(std::begin(response.interim_status),
                                std::end(response.interim_status));
    CHECK(told == std::vector<int>{100, 102, 103, 103, 103, 103});
    CHECK(message_of(reader.exchanges[0], QTAP_HTTP_REQUEST).interim == 0);
  }

  TEST_CASE("however the bytes are cut, the protocol is found") {
    const std::string client = qtap::test::H2Writer().write(
        {"preface", "SETTINGS 0", "HEADERS 1 END_HEADERS END_STREAM", "  :method: GET",
         "  :scheme: https", "  :authority: a", "  :path: /2"});
    const std::string server = qtap::test::H2Writer().write(
        {"SETTINGS 0", "HEADERS 1 END_HEADERS END_STREAM", "  :status: 204"});
    for (const bool bytewise : {false, true}) {
      Reader reader;
      const auto feed = [&](int direction, const std::string& text) {
        if (!bytewise) return reader.data(direction, text);
        for (const char c : text) reader.data(direction, {&c, 1});
      };
      feed(0, client);
      feed(1, server);
      reader.end();
      CHECK(reader.stats().protocol == QTAP_HTTP_2);
      REQUIRE(reader.exchanges.size() == 1);
      CHECK(text_of(message_of(reader.exchanges[0], QTAP_HTTP_REQUEST).target) == "/2");
      CHECK(message_of(reader.exchanges[0], QTAP_HTTP_RESPONSE).status == 204);
      CHECK(message_of(reader.exchanges[0], QTAP_HTTP_RESPONSE).stream == 1);
    }
  }

  TEST_CASE("with a known client the first byte must be that of a message") {
    Reader strict(QTAP_HTTP_1, QTAP_HTTP_ZERO_ASKS);
    strict.data(0, "G@T / HTTP/1.1\r\n\r\n");
    CHECK(strict.log == "error at 1 of 0: invalid method\n");
    CHECK(strict.stats().errors == 1);
    Reader version(QTAP_HTTP_1, QTAP_HTTP_ONE_ASKS);
    version.data(1, "GET / HTTP/2.0\r\n\r\n");
    CHECK(version.stats().errors == 1);
    Reader searching(QTAP_HTTP_1);
    searching.data(0, "G@T / HTTP/1.1\r\n\r\n");
    CHECK(searching.log.empty());
  }

  TEST_CASE("an error says where, also behind a gap") {
    Reader reader(QTAP_HTTP_1, QTAP_HTTP_ZERO_ASKS);
    reader.data(0, "POST /a HTTP/1.1\r\nContent-Length: 100\r\n\r\n");
    reader.gap(0, 100);
    reader.data(0, "GET /b HTTP/1.1\r\nbad field: 1\r\n\r\n");
    const size_t at = 41 + 100 + 17 + 10;
    CAPTURE(reader.log);
    CHECK(reader.log.find("error at " + std::to_string(at) + " of 0") != std::string::npos);
  }

  TEST_CASE("what is no HTTP is told once") {
    Reader reader;
    for (int i = 0; i < 3; ++i) reader.data(0, "SSH-2.0-x\r\n");
    reader.end();
    CHECK(reader.log == "error at 0 of 0: no HTTP\n");
    CHECK(reader.stats().protocol == QTAP_HTTP_AUTO);
  }

  TEST_CASE("who joins late passes over what it cannot prove, and counts the bytes") {
    Reader reader(QTAP_HTTP_AUTO, QTAP_HTTP_JOINED_LATE);
    reader.data(0, "rest of a body\r\n");
    reader.data(0, kGet);
    reader.data(1, kHi);
    reader.data(0, "GET /b HTTP/1.1\r\nbad field: 1\r\n\r\n");
    reader.end();
    REQUIRE(reader.exchanges.size() >= 1);
    CHECK(message_of(reader.exchanges[0], QTAP_HTTP_RESPONSE).status == 200);
    CAPTURE(reader.log);
    const size_t at = 16 + kGet.size() + 17 + 10;
    CHECK(reader.log.find("error at " + std::to_string(at) + " of 0") != std::string::npos);
  }

  TEST_CASE("a body that lasts to the end needs an end") {
    const std::string open = "HTTP/1.1 200 OK\r\n\r\nabc";
    Reader ended;
    ended.data(0, kGet);
    ended.data(1, open);
    ended.end(1);
    CHECK(message_of(ended.exchanges.at(0), QTAP_HTTP_RESPONSE).flags == QTAP_HTTP_COMPLETE);
    Reader stopped;
    stopped.data(0, kGet);
    stopped.data(1, open);
    stopped.end(0);
    const qtap_http_message cut = message_of(stopped.exchanges.at(0), QTAP_HTTP_RESPONSE);
    CHECK(cut.truncation == QTAP_HTTP_STOPPED);
    CHECK(cut.missing_bytes == UINT64_MAX);
  }

  TEST_CASE("bodies that nobody keeps are counted and told") {
    Reader reader(QTAP_HTTP_AUTO, QTAP_HTTP_NO_BODIES);
    reader.data(0, kGet);
    reader.data(1, kHi);
    const qtap_http_message response = message_of(reader.exchanges.at(0), QTAP_HTTP_RESPONSE);
    CHECK(response.body.len == 0);
    CHECK(response.body_bytes == 2);
    CHECK(reader.log.find("body 1 at 0 hi") != std::string::npos);
  }

  TEST_CASE("options that nobody knows are refused") {
    qtap_http_options options = {};
    qtap_http_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    qtap_http_parser* parser = nullptr;
    const auto made = [&] { return qtap_http_parser_new(&options, &callbacks, nullptr, &parser); };
    CHECK(made() == QTAP_ERR_INVALID);  // size forgotten
    options.size = sizeof options;
    options.protocol = 3;
    CHECK(made() == QTAP_ERR_INVALID);
    options.protocol = 0;
    options.flags = QTAP_HTTP_ZERO_ASKS | QTAP_HTTP_ONE_ASKS;
    CHECK(made() == QTAP_ERR_INVALID);
    options.flags = 1u << 31;
    CHECK(made() == QTAP_ERR_UNSUPPORTED);
    CHECK(parser == nullptr);
  }

  TEST_CASE("content codings are undone, and what is wrong with them is told") {
    const std::string text(10000, 'a');
    const std::string zipped = qtap::test::gzip(text);
    CHECK(decode("gzip", zipped).text == text);
    CHECK(decode("gzip", zipped).state == QTAP_HTTP_DECODED);
    CHECK(decode("", text).text == text);
    CHECK(decode("gzip", zipped.substr(0, 20)).state == QTAP_HTTP_DECODE_TRUNCATED);
    CHECK(decode("gzip", "no gzip at all").state == QTAP_HTTP_DECODE_CORRUPT);
    CHECK(decode("gzip", zipped, 100).state == QTAP_HTTP_DECODE_LIMIT);
    CHECK(decode("compress", "").state == QTAP_ERR_UNSUPPORTED);
    CHECK(decode("gzip,gzip,gzip,gzip,gzip,gzip", "").state == QTAP_ERR_LIMIT);
  }

  TEST_CASE("media types are read, with what is wrong in them") {
    const std::string_view text = "Application/Problem+JSON; Charset=\"utf-8\"; x";
    qtap_http_media_type* m = nullptr;
    REQUIRE(qtap_http_media_type_parse(text.data(), text.size(), &m) == QTAP_OK);
    CHECK(text_of(qtap_http_media_type_type(m)) == "application");
    CHECK(text_of(qtap_http_media_type_subtype(m)) == "problem+json");
    CHECK(text_of(qtap_http_media_type_suffix(m)) == "json");
    qtap_str name, value;
    CHECK(qtap_http_media_type_parameter_at(m, 0, &name, &value) == QTAP_OK);
    CHECK(text_of(name) + "=" + text_of(value) == "charset=utf-8");
    CHECK(qtap_http_media_type_parameter_at(m, 1, &name, &value) == QTAP_ERR_NOTFOUND);
    size_t offset = 0;
    CHECK(std::string(qtap_http_media_type_fault(m, &offset)) == "no_equals");
    CHECK(offset == text.size());
    qtap_http_media_type_free(m);
  }
}
