// SPDX-License-Identifier: Apache-2.0
// What plugins make of bodies with a content coding.
#include <doctest/doctest.h>

#include "base/base64.h"
#include "plugin/builtin.h"
#include "plugin/console_text.h"
#include "support/encode.h"
#include "support/make.h"

using namespace qtap;
using plugin::Level;
using plugin::LevelRules;

namespace {

const std::string kText = R"({"a":"decoded, decoded, decoded"})";

struct Collector final : plugin::Output {
  void emit_event(Ref<Event>) override {}
  std::optional<StoredObject> emit_object(Ref<Object> object) override {
    objects.push_back(object->data);
    return StoredObject{object->type, object->digest, "test:"};
  }
  void emit_console(std::string text) override { console += text; }

  std::vector<std::string> objects;
  std::string console;
};

Ref<Transaction> coded(const char* coding, std::string body) {
  auto tx = test::make_transaction();
  tx->response.headers.push_back({"content-encoding", coding});
  tx->response.body = std::move(body);
  tx->response.body_bytes = tx->response.body.size();
  tx->decoding = Ref<Decoding>::make();
  return tx;
}

std::string object_of(const Ref<Transaction>& tx, bool decode_body) {
  const auto capture =
      plugin::make_http_capture(LevelRules({.level = Level::kFull}), {.decode_body = decode_body});
  Collector out;
  plugin::Exchange exchange{tx, {}};
  CHECK(capture->on_transaction(exchange, out).ok());
  REQUIRE(out.objects.size() == 1);
  return out.objects[0];
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string base64(std::string_view bytes) {
  std::string out(base64_size(bytes.size()) + 1, '\0');
  out.resize(static_cast<size_t>(put_base64(out.data(), bytes) - out.data()));
  return out;
}

std::string body_member(const std::string& bytes) {
  return "\"body\":\"" + base64(bytes) + "\"";
}

}  // namespace

TEST_SUITE("plugin/decoding") {
  TEST_CASE("consoles show the text, whatever the coding") {
    for (const auto& [coding, body] :
         {std::pair{"gzip", test::gzip(kText)}, std::pair{"deflate", test::raw_deflate(kText)},
          std::pair{"br", test::brotli(kText)}, std::pair{"zstd", test::zstd(kText)}}) {
      const std::string of = coding;  // clang 14 captures no structured bindings
      CAPTURE(of);
      const auto tx = coded(coding, body);
      CHECK(has(plugin::access_box(*tx, Level::kFull, false), "\n" + kText + "\n└"));
      CHECK(has(plugin::capture_blocks(*tx, Level::kFull), "  Body:\n" + kText + "\n\n"));
      CHECK(has(plugin::access_json(*tx, Level::kFull),
                R"("body":"{\"a\":\"decoded, decoded, decoded\"}"}})"));
      CHECK(tx->decoding->bodies == 1);  // for all three
    }
  }

  TEST_CASE("nothing is decoded below full") {
    const auto tx = coded("gzip", test::gzip(kText));
    plugin::access_box(*tx, Level::kDetails, false);
    plugin::capture_blocks(*tx, Level::kDetails);
    plugin::access_json(*tx, Level::kSummary);
    object_of(tx, /*decode_body=*/false);
    CHECK(tx->decoding->bodies == 0);
  }

  TEST_CASE("consoles show what came before damage, and name it") {
    std::string body = test::gzip(kText);
    body[body.size() - 6] ^= 1;  // of the checksum
    const auto tx = coded("gzip", body);
    const std::string told = "Decoding: corrupt, gzip: ";
    CHECK(has(plugin::access_box(*tx, Level::kFull, false), "\n" + kText + "\n" + told));
    CHECK(has(plugin::capture_blocks(*tx, Level::kFull), kText + "\n  " + told));
    CHECK(has(plugin::access_json(*tx, Level::kFull), R"("decoding":"corrupt")"));
  }

  TEST_CASE("a coding that is not known is binary, and named without its traffic") {
    const auto tx = coded("e\x1bxi", "\x01\x02\x03");
    const std::string box = plugin::access_box(*tx, Level::kFull, false);
    CHECK(has(box, "Body is in binary format (application/json)\nDecoding: unsupported, "));
    CHECK(has(box, "\"e?xi\""));
    CHECK(has(plugin::capture_blocks(*tx, Level::kFull),
              "Body is binary (application/json, 3 bytes)\n  Decoding: unsupported, "));
    CHECK(has(plugin::access_json(*tx, Level::kFull), R"("body":"<binary>","decoding":"uns)"));
  }

  TEST_CASE("a body that was cut says so once") {
    const auto tx = coded("gzip", test::gzip(kText).substr(0, 20));
    tx->response.truncation = http::Truncation::kBodyBuffer;
    CHECK_FALSE(has(plugin::capture_blocks(*tx, Level::kFull), "Decoding:"));
    tx->response.truncation = http::Truncation::kNone;  // the peer sent no more
    const auto again = Ref<Transaction>::make(*tx);
    CHECK(has(plugin::capture_blocks(*again, Level::kFull), "  Decoding: truncated\n"));
  }

  TEST_CASE("decoded text cannot drive the terminal") {
    const auto tx = coded("gzip", test::gzip("\x1b[2J\xc2\x9b\r"));
    const std::string box = plugin::access_box(*tx, Level::kFull, false);
    CHECK(has(box, "\\x1b[2J\\x9b"));
    CHECK_FALSE(has(box, "\x1b"));
  }

  TEST_CASE("objects hold the bytes as sent, unless they are to be decoded") {
    const std::string body = test::gzip(kText);
    const std::string sent = object_of(coded("gzip", body), /*decode_body=*/false);
    CHECK(has(sent, body_member(body)));
    CHECK_FALSE(has(sent, "body_encoding"));
    const std::string object = object_of(coded("gzip", body), /*decode_body=*/true);
    CHECK(has(object, body_member(kText) + R"(,"body_encoding":"decoded","body_bytes":)" +
                          std::to_string(body.size())));
    CHECK_FALSE(has(object, "body_decode_state"));
    const auto plain = coded("identity", kText);
    CHECK(has(object_of(plain, /*decode_body=*/true), body_member(kText) + ",\"body_bytes\""));
  }

  TEST_CASE("an object loses no byte by decoding") {
    struct Row {
      const char* coding;
      std::string body;
      const char* state;
    };
    std::string damaged = test::gzip(kText);
    damaged[damaged.size() - 6] ^= 1;
    for (const Row& row : {Row{"gzip", damaged, "corrupt"}, Row{"exi", "\x01\x02", "unsupported"},
                           Row{"gzip", test::gzip(std::string(2u << 20, ' ')), "limit"},
                           Row{"gzip", test::gzip(kText) + "tail", "complete"}}) {
      const std::string state = row.state;
      CAPTURE(state);
      const std::string object = object_of(coded(row.coding, row.body), /*decode_body=*/true);
      CHECK(has(object, body_member(row.body) + ",\"body_decode_state\":\"" + state + "\""));
      CHECK_FALSE(has(object, "body_encoding"));
    }
  }

  TEST_CASE("what was kept of a longer body is decoded, and says so") {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919 % 10007) + ",";
    const std::string body = test::gzip(text);
    const auto tx = coded("gzip", body.substr(0, body.size() / 2));
    tx->response.truncation = http::Truncation::kBodyBuffer;
    const std::string object = object_of(tx, /*decode_body=*/true);
    CHECK(has(object, R"("body_encoding":"decoded","body_decode_state":"truncated")"));
    CHECK(has(object, "\"body\":\"" + base64(text.substr(0, 300))));
  }
}
