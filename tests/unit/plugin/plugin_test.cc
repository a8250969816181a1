// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "plugin/builtin.h"
#include "plugin/console_text.h"
#include "support/make.h"

using namespace qtap;
using plugin::ConsoleFormat;
using plugin::Level;
using plugin::LevelRules;
using test::make_transaction;

namespace {

struct Collector final : plugin::Output {
  void emit_event(Ref<Event> event) override { events.push_back(event->json); }
  std::optional<StoredObject> emit_object(Ref<Object> object) override {
    objects.push_back(object->data);
    if (!has_store) return std::nullopt;
    return StoredObject{object->type, object->digest, "test:" + object->digest};
  }
  void emit_console(std::string text) override { console += text; }

  bool has_store = true;
  std::vector<std::string> events;
  std::vector<std::string> objects;
  std::string console;
};

Collector run(plugin::Plugin& plugin, const Ref<Transaction>& tx) {
  Collector out;
  plugin::Exchange exchange{tx, {}};
  CHECK(plugin.on_transaction(exchange, out).ok());
  CHECK(plugin.on_stack_done(exchange, out).ok());
  return out;
}

}  // namespace

TEST_SUITE("plugin/access_logs") {
  TEST_CASE("the summary is one line: process, arrow, method, URL, status, time, sizes") {
    const auto plugin = plugin::make_access_logs(LevelRules({.level = Level::kSummary}));
    CHECK(run(*plugin, make_transaction()).console ==
          "■ curl → GET https://api.example.com/get?x=1 200 OK  27 ms  ↑78 B ↓100 B\n");
  }

  TEST_CASE("colour follows the class of the status") {
    const auto tx = make_transaction();
    CHECK(plugin::access_line(*tx, true).starts_with("\x1b[32m■"));
    tx->response.status = 503;
    CHECK(plugin::access_line(*tx, true).starts_with("\x1b[31m■"));
    tx->response.status.reset();
    CHECK(plugin::access_line(*tx, true).find("\x1b[37m-\x1b[0m") != std::string::npos);
  }

  TEST_CASE("traffic cannot drive the terminal") {
    const std::string evil =
        "\x1b[2J\x07\x7f\xc2\x9b"
        "2J\x9b"
        "2J\r";
    const auto tx = make_transaction();
    for (std::string* text : {&tx->url, &tx->path, &tx->authority, &tx->scheme, &tx->request.method,
                              &tx->request.body, &tx->response.body, &tx->response.reason}) {
      *text += evil;
    }
    tx->response.status = 599;  // none that is registered: the reason is the server's
    for (http::Message* message :
         {static_cast<http::Message*>(&tx->request), static_cast<http::Message*>(&tx->response)}) {
      message->headers.push_back({"x" + evil, evil});
      message->headers.push_back({"content-type", "text/plain" + evil});
    }
    Process& process = writable(tx->connection).process;
    for (std::string* text : {&process.exe, &process.comm, &process.container_id}) *text += evil;

    for (const std::string& text :
         {plugin::access_line(*tx, false), plugin::access_box(*tx, Level::kFull, false),
          plugin::access_json(*tx, Level::kSummary), plugin::access_json(*tx, Level::kFull),
          plugin::capture_blocks(*tx, Level::kFull)}) {
      CAPTURE(text);
      CHECK(std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
      }));
      CHECK(text.find("\xc2\x9b") == std::string::npos);
      CHECK(is_utf8(text));
    }
  }

  TEST_CASE("ingress points the other way, incomplete messages say so") {
    const auto tx = make_transaction();
    writable(tx->connection).direction = FlowDirection::kIngress;
    tx->response.truncation = http::Truncation::kCaptureLoss;
    tx->response.missing_bytes = 5;
    const std::string line = plugin::access_line(*tx, false);
    CHECK(line.find("curl ← GET") != std::string::npos);
    CHECK(line.find("[Truncated: capture_loss, 5 bytes missing]") != std::string::npos);
  }

  TEST_CASE("details show headers, full shows bodies, and binary ones are named") {
    const auto tx = make_transaction();
    const auto details = plugin::make_access_logs(LevelRules({.level = Level::kDetails}));
    const std::string box = run(*details, tx).console;
    CHECK(box.find("│   • User-Agent: curl/8.5.0") != std::string::npos);
    CHECK(box.find("{\"a\":1}") == std::string::npos);
    const auto full = plugin::make_access_logs(LevelRules({.level = Level::kFull}));
    CHECK(run(*full, tx).console.find("{\"a\":1}") != std::string::npos);
    tx->response.body = std::string("\x00\xff", 2);
    CHECK(run(*full, tx).console.find("\nBody is in binary format (application/json)\n") !=
          std::string::npos);
  }

  TEST_CASE("the full box, as it is") {
    const auto tx = make_transaction();
    writable(tx->connection).process.container_id = "0123456789ab";
    CHECK(plugin::access_box(*tx, Level::kFull, false) ==
          "┌ ■ curl → GET https://api.example.com/get?x=1 200 OK  27 ms  ↑78 B ↓100 B\n"
          "│ Process: 4711 @ /usr/bin/curl\n"
          "│ Container: 0123456789ab\n"
          "│ Network: Egress (external), sent 512 B, received 2.0 KB\n"
          "│ REQUEST http1\n"
          "│   GET /get?x=1\n"
          "│   • Host: api.example.com\n"
          "│   • User-Agent: curl/8.5.0\n"
          "(empty)\n"
          "│ RESPONSE 200 OK\n"
          "│   • content-type: Application/JSON; charset=utf-8\n"
          "{\"a\":1}\n"
          "└\n");
  }

  TEST_CASE("a process that is not known has no row, and a name for the line all the same") {
    const auto tx = make_transaction();
    writable(tx->connection).process = {};
    CHECK(plugin::access_line(*tx, false).starts_with("■ ? → GET "));
    CHECK(plugin::access_box(*tx, Level::kDetails, false).find("Process") == std::string::npos);
    writable(tx->connection).process.pid = 7;
    CHECK(plugin::access_line(*tx, false).starts_with("■ pid 7 → GET "));
  }

  TEST_CASE("the JSON form has the members of the spec") {
    const auto plugin = plugin::make_access_logs(
        LevelRules({.level = Level::kSummary, .format = ConsoleFormat::kJson}));
    CHECK(
        run(*plugin, make_transaction()).console ==
        R"({"time":"2026-03-01T10:00:00.000000000Z","level":"info","msg":"HTTP transaction","bin":"curl",)"
        R"("direction":"egress-external","method":"GET","url":"https://api.example.com/get?x=1","status":200,)"
        "\"qpoint_request_id\":\"t0000000000000000001\"}\n");
  }

  TEST_CASE("the JSON form of full has headers and bodies, binary ones by name only") {
    const auto tx = make_transaction();
    CHECK(
        plugin::access_json(*tx, Level::kFull) ==
        R"({"msg":"HTTP transaction","meta":{"bytes_sent":"512","bytes_received":"2048","pid":4711,"exe":"/usr/bin/curl"},)"
        R"("direction":"egress-external","request":{"url":"https://api.example.com/get?x=1","method":"GET",)"
        R"("proto":"http1","qpoint_request_id":"t0000000000000000001","headers":{"Host":"api.example.com",)"
        R"("User-Agent":"curl/8.5.0"}},"response":{"status":200,)"
        R"("headers":{"Content-Type":"Application/JSON; charset=utf-8"},"body":"{\"a\":1}"}})"
        "\n");
    CHECK(plugin::access_json(*tx, Level::kDetails).find("\"body\"") == std::string::npos);
    tx->response.body = std::string("\x00\xff", 2);
    tx->response.status.reset();
    const std::string binary = plugin::access_json(*tx, Level::kFull);
    CHECK(binary.find("\"body\":\"<binary>\"") != std::string::npos);
    CHECK(binary.find("\"status\":null") != std::string::npos);
  }

  TEST_CASE("none prints nothing") {
    const auto plugin = plugin::make_access_logs(LevelRules({.level = Level::kNone}));
    CHECK(run(*plugin, make_transaction()).console.empty());
  }
}

TEST_SUITE("plugin/http_capture") {
  TEST_CASE("each level writes what features.md 3 says") {
    struct Row {
      Level level;
      bool object, headers, body;
    };
    for (const Row& row :
         {Row{Level::kNone, false, false, false}, Row{Level::kSummary, false, false, false},
          Row{Level::kDetails, true, true, false}, Row{Level::kFull, true, true, true}}) {
      CAPTURE(static_cast<int>(row.level));
      const auto plugin = plugin::make_http_capture(LevelRules({.level = row.level}));
      const Collector out = run(*plugin, make_transaction());
      REQUIRE(out.objects.size() == (row.object ? 1u : 0u));
      if (!row.object) continue;
      CHECK((out.objects[0].find("\"headers\"") != std::string::npos) == row.headers);
      CHECK((out.objects[0].find("\"body\":") != std::string::npos) == row.body);
    }
  }

  TEST_CASE("what a budget leaves caps the level, and the object says what it lacks") {
    struct Row {
      CaptureLevel left;
      bool headers, body;
      const char* told;
    };
    const char* const kTold = "\"truncated_reason\":\"budget\"";
    for (const Row& row :
         {Row{CaptureLevel::kFull, true, true, ""}, Row{CaptureLevel::kHeaders, true, false, ""},
          Row{CaptureLevel::kSummary, false, false, kTold},
          Row{CaptureLevel::kCount, false, false, kTold}}) {
      CAPTURE(static_cast<int>(row.left));
      const auto tx = make_transaction();
      tx->level = row.left;
      const Collector out =
          run(*plugin::make_http_capture(LevelRules({.level = Level::kFull})), tx);
      REQUIRE(out.objects.size() == 1);
      CHECK((out.objects[0].find("\"headers\"") != std::string::npos) == row.headers);
      CHECK((out.objects[0].find("\"body\":") != std::string::npos) == row.body);
      CHECK((out.objects[0].find(kTold) != std::string::npos) == (*row.told != '\0'));
      const auto log =
          run(*plugin::make_access_logs(LevelRules({.level = Level::kFull})), tx).console;
      CHECK((log.find("user-agent") != std::string::npos ||
             log.find("User-Agent") != std::string::npos) == row.headers);
    }
    // Who asked for no more lacks nothing.
    const auto tx = make_transaction();
    tx->level = CaptureLevel::kSummary;
    const Collector out = run(*plugin::make_http_capture(LevelRules({.level = Level::kSummary}),
                                                         {.object_min_level = Level::kSummary}),
                              tx);
    REQUIRE(out.objects.size() == 1);
    CHECK(out.objects[0].find("truncated") == std::string::npos);
  }

  TEST_CASE("summary writes objects when that is the lowest level that does") {
    const auto plugin = plugin::make_http_capture(LevelRules({.level = Level::kSummary}),
                                                  {.object_min_level = Level::kSummary});
    CHECK(run(*plugin, make_transaction()).objects.size() == 1);
  }

  TEST_CASE("an object is listed only when a store took it") {
    const auto tx = make_transaction();
    const auto capture = plugin::make_http_capture(LevelRules({.level = Level::kFull}));
    const auto usage = plugin::make_report_usage({});
    for (const bool has_store : {false, true}) {
      CAPTURE(has_store);
      Collector out;
      out.has_store = has_store;
      plugin::Exchange exchange{tx, {}};
      CHECK(capture->on_transaction(exchange, out).ok());
      CHECK(usage->on_stack_done(exchange, out).ok());
      CHECK(out.objects.size() == 1);  // the host has it all the same
      REQUIRE(out.events.size() == 1);
      CHECK((out.events[0].find("\"objects\":[{") != std::string::npos) == has_store);
    }
  }

  TEST_CASE("the text form of full, as it is") {
    const auto tx = make_transaction();
    tx->response.headers.push_back({"set-cookie", "a=1"});
    tx->response.headers.push_back({"set-cookie", "b=2"});
    tx->response.truncation = http::Truncation::kBodyBuffer;
    tx->response.missing_bytes = std::nullopt;
    CHECK(plugin::capture_blocks(*tx, Level::kFull) ==
          "HTTP Transaction\n"
          "================\n"
          "Metadata:\n"
          "  Transaction Time: 2026-03-01T10:00:00.000000000Z\n"
          "  Duration: 27ms\n"
          "  Direction: egress-external\n"
          "  Process ID: 4711\n"
          "  Process: /usr/bin/curl\n"
          "  Bytes Sent: 512\n"
          "  Bytes Received: 2048\n"
          "Request:\n"
          "  Method: GET\n"
          "  URL: https://api.example.com/get?x=1\n"
          "  Protocol: http1\n"
          "  User-Agent: curl/8.5.0\n"
          "  Request Headers:\n"
          "    :method: GET\n"
          "    :scheme: https\n"
          "    :authority: api.example.com\n"
          "    :path: /get?x=1\n"
          "    Host: api.example.com\n"
          "    User-Agent: curl/8.5.0\n"
          "Response:\n"
          "  Status: 200\n"
          "  Content-Type: Application/JSON; charset=utf-8\n"
          "  Response Headers:\n"
          "    :status: 200\n"
          "    Content-Type: Application/JSON; charset=utf-8\n"
          "    Set-Cookie: a=1\n"
          "    Set-Cookie: b=2\n"
          "  Body:\n"
          "{\"a\":1}\n"
          "  Truncated: body_buffer, unknown bytes missing\n"
          "\n");
  }

  TEST_CASE("the text form of summary has neither headers nor bodies; a binary body is named") {
    const auto tx = make_transaction();
    const std::string summary = plugin::capture_blocks(*tx, Level::kSummary);
    CHECK(summary.find("Headers") == std::string::npos);
    CHECK(summary.find("Body") == std::string::npos);
    CHECK(summary.find("  Status: 200\n  Content-Type: ") != std::string::npos);
    tx->response.body = std::string("\x00\xff", 2);
    CHECK(plugin::capture_blocks(*tx, Level::kFull)
              .find("  Body:\nBody is binary (application/json, 7 bytes)\n") != std::string::npos);
    tx->response.status.reset();
    CHECK(plugin::capture_blocks(*tx, Level::kFull).find("  Status: -\n") != std::string::npos);
  }

  TEST_CASE("the console gets text or JSON when a stdout store is there") {
    const auto text = plugin::make_http_capture(
        LevelRules({.level = Level::kDetails, .format = ConsoleFormat::kText}), {.prints = true});
    const std::string block = run(*text, make_transaction()).console;
    CHECK(block.starts_with(
        "HTTP Transaction\n================\nMetadata:\n  Transaction Time: 2026-03-01T10:00:00"));
    CHECK(block.find("    :method: GET\n") != std::string::npos);
    CHECK(block.find("  Status: 200\n") != std::string::npos);
    const auto json = plugin::make_http_capture(
        LevelRules({.level = Level::kSummary, .format = ConsoleFormat::kJson}), {.prints = true});
    CHECK(run(*json, make_transaction()).console.starts_with("{\"metadata\""));
  }
}

TEST_SUITE("plugin/report_usage") {
  TEST_CASE("one request event comes after the stack, with the objects that were written") {
    const auto capture = plugin::make_http_capture(LevelRules({.level = Level::kFull}));
    const auto usage = plugin::make_report_usage({});
    const auto tx = make_transaction();
    Collector out;
    plugin::Exchange exchange{tx, {}};
    CHECK(usage->on_transaction(exchange, out).ok());
    CHECK(capture->on_transaction(exchange, out).ok());
    CHECK(out.events.empty());
    CHECK(usage->on_stack_done(exchange, out).ok());
    REQUIRE(out.events.size() == 1);
    CHECK(out.events[0].find("\"objects\":[{\"type\":\"http_transaction\"") != std::string::npos);
  }
}
