// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace qtap;

namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

// The lines that parsing gives, "" when all is well.
std::string errors_of(std::string_view yaml) {
  Config config;
  const Status status = config.parse(yaml, "qtap.yaml", no_environment);
  return status.ok() ? "" : status.error().text;
}

std::string error_of_set(const std::string& key, const std::string& value) {
  Config config;
  const Status status = config.set(key, value);
  return status.ok() ? "" : status.error().text;
}

Config parsed(std::string_view yaml) {
  Config config;
  const Status status = config.parse(yaml, "qtap.yaml", no_environment);
  REQUIRE_MESSAGE(status.ok(), status.error().text);
  return config;
}

Settings settings_of(std::string_view yaml) {
  const Result<Settings> settings = resolve(parsed(yaml));
  REQUIRE_MESSAGE(settings.ok(), settings.error().text);
  return *settings;
}

constexpr std::string_view kConsole = R"(version: 2
services:
  event_stores: [{ id: con, type: stdout }]
  object_stores:
  - { id: con, type: stdout }
  - id: disk
    type: file
    dir: /var/lib/qtap/objects   # a comment
stacks:
  main:
    plugins:
      - type: http_capture
        config:
          level: headers
          format: text
          decode_body: true
      - type: access_logs
        config: { mode: summary }
      - type: report_usage
        enabled: false
tap: { direction: egress-external, ignore_loopback: true, http: { stack: main } }
capture:
  tls_probes: [openssl, gotls]
  body_buffer: 8mb
events: { connection_first: 1m30s }
)";

}  // namespace

TEST_SUITE("model/config") {
  TEST_CASE("a whole file becomes settings") {
    const Settings s = settings_of(kConsole);
    REQUIRE(s.event_stores.size() == 1);
    CHECK(s.event_stores[0].id == "con");
    REQUIRE(s.object_stores.size() == 2);
    CHECK(s.object_stores[1].type == "file");
    CHECK(s.object_stores[1].dir == "/var/lib/qtap/objects");
    REQUIRE(s.plugins.size() == 2);
    CHECK(s.plugins[0].type == "http_capture");
    CHECK(s.plugins[0].level == "details");
    CHECK(s.plugins[0].format == "text");
    CHECK(s.plugins[0].decode_body);
    CHECK(s.plugins[0].object_min_level == "details");
    CHECK(s.plugins[1].mode == "summary");
    CHECK(s.plugins[1].format == "console");
    CHECK(s.tap.direction == FlowDirection::kEgressExternal);
    CHECK(s.tap.ignore_loopback);
    CHECK(s.capture.openssl);
    CHECK(s.capture.body_buffer == 8u << 20);
    CHECK(s.events.connection_first_ns == 90'000'000'000);
    REQUIRE(s.warnings.size() == 1);
    CHECK(s.warnings[0] ==
          "QT135: qtap.yaml:23:15: warning: capture.tls_probes: gotls is not in this version and "
          "sees "
          "nothing");
  }

  TEST_CASE("an empty configuration has every default") {
    for (const char* yaml : {"", "# nothing\n", "---\n", "null\n", "tap:\nservices: {}\n"}) {
      const Settings s = settings_of(yaml);
      CHECK(s.agent_name == "libqtap");
      CHECK(s.event_stores.empty());
      CHECK(s.object_stores.empty());
      CHECK(s.plugins.empty());
      CHECK(s.tap.direction == FlowDirection::kUnknown);
      CHECK_FALSE(s.tap.ignore_loopback);
      CHECK_FALSE(s.events.keep_query);
      CHECK(s.events.connection_first_ns == 500'000'000);
      CHECK(s.events.connection_interval_ns == 10'000'000'000);
      CHECK(s.capture.source == CaptureSource::kLive);
      CHECK(s.capture.openssl);
      CHECK(s.capture.body_buffer == 2u << 20);
      CHECK(s.capture.ring_bytes == 16u << 20);
      CHECK(s.capture.process_budget == 0);
      CHECK(s.capture.total_budget == 0);
      CHECK(s.limits.connections == 65536);
      CHECK(s.limits.streams_per_connection == 1000);
      CHECK(s.limits.header_bytes == 256u << 10);
      CHECK(s.limits.transaction_idle_ns == 300'000'000'000);
      CHECK(s.limits.decoded_bytes == 16u << 20);
      CHECK(s.limits.decode_ratio == 200);
      CHECK(s.sink.delivery.queue_bytes == 64u << 20);
      CHECK(s.sink.delivery.max_attempts == 8);
      CHECK(s.sink.delivery.first_retry_ns == 200'000'000);
      CHECK(s.sink.delivery.max_retry_ns == 30'000'000'000);
      CHECK(s.sink.flush_timeout_ns == 5'000'000'000);
      CHECK(s.worker_threads == 1);
      CHECK(s.log_libbpf);
      CHECK(s.id_seed == 0);
      CHECK(s.warnings.empty());
    }
  }

  TEST_CASE("a misspelt key names its section and its neighbour") {
    CHECK(errors_of("stacks:\n  main:\n    plugins:\n      - type: http_capture\n        config:\n"
                    "          levl: full\n") ==
          "qtap.yaml:6:11: error: unknown key \"levl\" in http_capture config; did you mean "
          "\"level\"?");
    CHECK(errors_of("servces: {}\n") ==
          "qtap.yaml:1:1: error: unknown key \"servces\" in the configuration; did you mean "
          "\"services\"?");
    CHECK(errors_of("tap:\n  http: { stck: none }\n") ==
          "qtap.yaml:2:11: error: unknown key \"stck\" in tap.http; did you mean \"stack\"?");
    CHECK(errors_of("services:\n  object_stores:\n    - { type: file, dir: /x, idd: a }\n") ==
          "qtap.yaml:3:30: error: unknown key \"idd\" in object_stores[0] (file); did you mean "
          "\"id\"?");
    CHECK(errors_of("tap: { zzzzzz: 1 }\n") ==
          "qtap.yaml:1:8: error: unknown key \"zzzzzz\" in tap");
  }

  TEST_CASE("a key of another type is unknown, and not suggested") {
    CHECK(errors_of("stacks: {m: {plugins: [{config: {mode: full}, type: http_capture}]}}\n") ==
          "qtap.yaml:1:34: error: unknown key \"mode\" in http_capture config");
    CHECK(errors_of("services: {object_stores: [{type: stdout, dir: /x}]}\n") ==
          "qtap.yaml:1:43: error: unknown key \"dir\" in object_stores[0] (stdout)");
  }

  TEST_CASE("a dotted key is no way around the nesting") {
    CHECK(errors_of("tap.direction: all\n") ==
          "qtap.yaml:1:1: error: unknown key \"tap.direction\" in the configuration");
    CHECK(errors_of("services: {\"event_stores[0]\": {type: stdout}}\n") ==
          "qtap.yaml:1:12: error: unknown key \"event_stores[0]\" in services");
  }

  TEST_CASE("wrong values say what is expected") {
    CHECK(errors_of("tap: { ignore_loopback: maybe }\n") ==
          "qtap.yaml:1:25: error: tap.ignore_loopback: expected true or false, got \"maybe\"");
    CHECK(errors_of("tap: { direction: outbound }\n") ==
          "qtap.yaml:1:19: error: tap.direction: \"outbound\" is not one of all, ingress, egress, "
          "egress-internal, egress-external");
    CHECK(errors_of("capture: { body_buffer: 4gb }\n") ==
          "qtap.yaml:1:25: error: capture.body_buffer: 4gb is above the maximum 2gb");
    CHECK(errors_of("events: { connection_first: 50ms }\n") ==
          "qtap.yaml:1:29: error: events.connection_first: 50ms is below the minimum 100ms");
    CHECK(errors_of("capture: { ring_bytes: 3mb }\n") ==
          "qtap.yaml:1:24: error: capture.ring_bytes: 3mb is not a power of two");
    CHECK(errors_of("capture: { budget: { process: 5 } }\n") ==
          "qtap.yaml:1:31: error: capture.budget.process: expected a share of one CPU such as 5%, "
          "or none, got \"5\"");
    CHECK(errors_of("capture: { budget: { process: -1% } }\n") ==
          "qtap.yaml:1:31: error: capture.budget.process: expected a share of one CPU such as 5%, "
          "or none, got \"-1%\"");
    CHECK(errors_of("capture: { budget: { total: 0% } }\n") ==
          "qtap.yaml:1:29: error: capture.budget.total: 0% is below the minimum 0.01%");
    CHECK(errors_of("capture: { budget: { total: 7000% } }\n") ==
          "qtap.yaml:1:29: error: capture.budget.total: 7000% is above the maximum 6400%");
    CHECK(
        errors_of("capture: { budget: { total: 5%, process: 6% } }\n") ==
        "qtap.yaml:1:42: error: capture.budget.process: 6% is more than capture.budget.total (5%)");
    CHECK(errors_of("capture: { budget: 5% }\n") ==
          "qtap.yaml:1:20: error: capture.budget: expected a map, got text");
    CHECK(errors_of("tap: { direction: [all] }\n") ==
          "qtap.yaml:1:19: error: tap.direction: expected a word, got a list");
    CHECK(errors_of("tap: egress\n") == "qtap.yaml:1:6: error: tap: expected a map, got text");
    CHECK(errors_of("services: { event_stores: { type: stdout } }\n") ==
          "qtap.yaml:1:27: error: event_stores: expected a list, got a map");
    CHECK(errors_of("services: { event_stores: [stdout] }\n") ==
          "qtap.yaml:1:28: error: event_stores[0]: expected a map, got text");
    CHECK(errors_of("version: 1\n") == "qtap.yaml:1:10: error: version: 1 is below the minimum 2");
    CHECK(errors_of("capture: {tls_probes: [none, openssl]}\n") ==
          "qtap.yaml:1:23: error: capture.tls_probes: none excludes the others");
  }

  TEST_CASE("a missing key is named with its element") {
    CHECK(errors_of("services:\n  object_stores:\n    - type: file\n") ==
          "qtap.yaml:3:7: error: object_stores[0] (file): \"dir\" is required");
    CHECK(errors_of("services: { event_stores: [{ id: x }] }\n") ==
          "qtap.yaml:1:28: error: event_stores[0]: \"type\" is required");
    CHECK(errors_of("services: { event_stores: [{}] }\n") ==
          "qtap.yaml:1:28: error: event_stores[0]: \"type\" is required");
    CHECK(errors_of("stacks: { main: { plugins: [{ type: ~ }] } }\n") ==
          "qtap.yaml:1:29: error: stacks.main.plugins[0]: \"type\" is required");
  }

  TEST_CASE("a store under two dashes is explained") {
    CHECK(
        errors_of("services:\n  event_stores:\n    - id: con\n    - type: stdout\n")
            .starts_with(
                "qtap.yaml:3:7: error: event_stores[0] has no type but event_stores[1] has only a "
                "type: write both under one dash"));
  }

  TEST_CASE("names and ids are checked across the file") {
    CHECK(errors_of("stacks:\n  main: { plugins: [] }\ntap:\n  http:\n    stack: mian\n") ==
          "qtap.yaml:5:12: error: tap.http.stack: no stack named \"mian\"; did you mean \"main\"?");
    CHECK(errors_of("services:\n  event_stores:\n    - { id: con, type: stdout }\n"
                    "    - { id: con, type: stdout }\n") ==
          "qtap.yaml:4:13: error: event_stores[1].id: \"con\" is already used at line 3");
    CHECK(errors_of("stacks: { main: { plugins: [] } }\ntap: { http: { stack: main } }\n").empty());
    CHECK(errors_of("tap: { http: { stack: none } }\n").empty());
  }

  TEST_CASE("a store has its own default of a batch, unless one is set for all") {
    const std::string stores =
        "services: { event_stores: [{ type: clickhouse }, { type: otel }, "
        "{ type: clickhouse, batch: { max_events: 3 } }] }\n";
    const Settings by_default = settings_of(stores);
    CHECK(by_default.event_stores[0].delivery.batch_events == 10'000);
    CHECK(by_default.event_stores[1].delivery.batch_events == 512);
    const Settings for_all = settings_of(stores + "sink: { batch: { max_events: 7 } }\n");
    CHECK(for_all.event_stores[0].delivery.batch_events == 7);
    CHECK(for_all.event_stores[1].delivery.batch_events == 7);
    CHECK(for_all.event_stores[2].delivery.batch_events == 3);
  }

  TEST_CASE("header fields have free names, in a document and by their keys") {
    const Settings s = settings_of(
        "services: { event_stores: [{ type: otel, headers: { x-a.b: 1, authorization: { type: "
        "text, value: t } } }] }\n");
    CHECK(s.event_stores[0].otel.headers ==
          std::vector<std::pair<std::string, std::string>>{{"authorization", "t"}, {"x-a.b", "1"}});
    Config config;
    CHECK(config.set("services.event_stores[0].type", "otel").ok());
    CHECK(config.set("services.event_stores[0].headers.x-a.b", "1").ok());
    CHECK_FALSE(config.set("services.event_stores[0].headers.x a", "1").ok());
    CHECK_FALSE(config.set("services.event_stores[0].headers", "1").ok());
    const Result<Settings> set = resolve(config);
    REQUIRE(set.ok());
    CHECK(set->event_stores[0].otel.headers.size() == 1);
  }

  TEST_CASE("a stack name may hold dots but not spaces") {
    const Settings s = settings_of(
        "stacks: { a.b-c_1: { plugins: [{ type: report_usage }] } }\n"
        "tap: { http: { stack: a.b-c_1 } }\n");
    CHECK(s.plugins.size() == 1);
    CHECK(errors_of("stacks: { a b: { plugins: [] } }\n") ==
          "qtap.yaml:1:11: error: stacks: \"a b\" is no name; use letters, digits, \"_\", \".\" "
          "and \"-\"");
  }

  TEST_CASE("what a later version brings is refused by name") {
    CHECK(errors_of("stacks: { a: { plugins: [{ type: qscan }] } }\n") ==
          "qtap.yaml:1:34: error: stacks.a.plugins[0].type: \"qscan\" is not supported in this "
          "version (libqtap 0.1.0)");
    CHECK(errors_of("worker: { threads: 4 }\n") ==
          "qtap.yaml:1:20: error: worker.threads: 4 is not supported in this version (libqtap "
          "0.1.0)");
    Config config;
    CHECK(config.set("redact.headers", "cookie").error().status == QTAP_ERR_UNSUPPORTED);
    CHECK(config.parse("redact: {headers: [cookie]}", "f", no_environment).error().status ==
          QTAP_ERR_UNSUPPORTED);
  }

  TEST_CASE("a later section that asks for nothing is fine") {
    CHECK(errors_of("rulekit: {}\ntags: []\nredact:\n").empty());
  }

  TEST_CASE("rules and macros are read with their places; the plugin says which keys they have") {
    const Settings s = settings_of(
        "rulekit: { macros: [{ name: bad, expr: http.res.status >= 500 }] }\n"
        "stacks:\n"
        "  m:\n"
        "    plugins:\n"
        "      - type: http_capture\n"
        "        config:\n"
        "          rules:\n"
        "            - { name: errors, expr: bad(), level: headers, format: text }\n"
        "      - { type: access_logs, config: { rules: [{ expr: 'true', mode: full }] } }\n"
        "tap: { http: { stack: m } }\n");
    REQUIRE(s.macros.size() == 1);
    CHECK(s.macros[0].name == "bad");
    CHECK(s.macros[0].expr == "http.res.status >= 500");
    CHECK(s.macros[0].place == "qtap.yaml:1:40: ");
    REQUIRE(s.plugins.size() == 2);
    REQUIRE(s.plugins[0].rules.size() == 1);
    const PluginRule& rule = s.plugins[0].rules[0];
    CHECK(rule.text.name == "errors");
    CHECK(rule.text.key == "stacks.m.plugins[0].config.rules[0]");
    CHECK(rule.text.place == "qtap.yaml:8:37: ");
    CHECK(rule.level == "details");
    CHECK(rule.format == "text");
    REQUIRE(s.plugins[1].rules.size() == 1);
    CHECK(s.plugins[1].rules[0].level == "full");
    CHECK(s.plugins[1].rules[0].format.empty());
  }

  TEST_CASE("what a rule lacks or cannot have is said with its place") {
    const auto errors = [](const std::string& type, const std::string& rule) {
      return errors_of("stacks: { m: { plugins: [{ type: " + type + ", config: { rules: [" + rule +
                       "] } }] } }\n");
    };
    CHECK(errors("access_logs", "{ expr: a }") ==
          "qtap.yaml:1:65: error: stacks.m.plugins[0].config.rules[0] (access_logs): \"mode\" is "
          "required");
    CHECK(errors("http_capture", "{ level: full }") ==
          "qtap.yaml:1:66: error: stacks.m.plugins[0].config.rules[0] (http_capture): \"expr\" is "
          "required");
    CHECK(errors("http_capture", "{ expr: a, mode: full }").find("unknown key \"mode\"") !=
          std::string::npos);
    CHECK(errors("http_capture", "{ expr: a, level: al }").find("\"al\" is not one of") !=
          std::string::npos);
    CHECK(errors("report_usage", "{ expr: a }").find("unknown key \"expr\"") != std::string::npos);
    CHECK(errors("http_capture", "full").find("expected a map, got text") != std::string::npos);
    CHECK(
        errors("http_capture", "{ type: x, expr: a, level: full }").find("unknown key \"type\"") !=
        std::string::npos);
    CHECK(errors_of("rulekit: { macros: [{ name: a }] }\n") ==
          "qtap.yaml:1:21: error: rulekit.macros[0]: \"expr\" is required");
    // By single calls they may come in any order, and are missed when the session is made.
    Config config;
    CHECK(config.set("stacks.m.plugins[0].type", "http_capture").ok());
    CHECK(config.set("stacks.m.plugins[0].config.rules[0].expr", "a").ok());
    CHECK(resolve(config).error().text ==
          "stacks.m.plugins[0].config.rules[0] (http_capture): \"level\" is required");
  }

  TEST_CASE("legacy keys warn once, with everything below them") {
    const Config config = parsed("control: { a: 1, b: [x] }\ntap:\n  default_stack: x\n");
    REQUIRE(config.warnings().size() == 2);
    CHECK(config.warnings()[0] ==
          "QT132: qtap.yaml:1:1: warning: control is a legacy key and is ignored");
    CHECK(config.warnings()[1] ==
          "QT132: qtap.yaml:3:3: warning: tap.default_stack is a legacy key and is ignored");
    Config host;
    CHECK(host.set("services.qscan.url", "x").ok());
    CHECK(host.warnings().size() == 1);
  }

  TEST_CASE("all mistakes of a file come at once, in order, at most 20") {
    CHECK(errors_of("tap:\n  ignore_loopback: 1\n  http: { stack: x }\nversion: 3\n") ==
          "qtap.yaml:2:20: error: tap.ignore_loopback: expected true or false, got \"1\"\n"
          "QT107: qtap.yaml:3:18: error: tap.http.stack: no stack named \"x\"\n"
          "QT101: qtap.yaml:4:10: error: version: 3 is above the maximum 2");
    std::string many;
    for (int i = 0; i < 50; ++i) many += "key" + std::to_string(i) + ": 1\n";
    const std::string text = errors_of(many);
    CHECK(std::count(text.begin(), text.end(), '\n') == 19);
  }

  TEST_CASE("a file with a mistake changes nothing") {
    Config config = parsed("tap: { direction: egress }\n");
    CHECK_FALSE(config.parse("tap: { direction: ingress }\nx: 1\n", "b", no_environment).ok());
    CHECK(config.find("tap.direction")->value == "egress");
  }

  TEST_CASE("the last value of a key wins, whoever set it") {
    Config config;
    CHECK(config.set("tap.direction", "egress").ok());
    CHECK(config.set("sink.queue_bytes", "1mb").ok());
    CHECK(config.parse("tap: { direction: ingress }\n", "f", no_environment).ok());
    CHECK(resolve(config)->tap.direction == FlowDirection::kIngress);
    CHECK(resolve(config)->sink.delivery.queue_bytes == 1u << 20);
    CHECK(config.set("tap.direction", "all").ok());
    CHECK(resolve(config)->tap.direction == FlowDirection::kUnknown);
  }

  TEST_CASE("keys that the host sets are checked one by one") {
    CHECK(error_of_set("tap.directon", "all") ==
          "unknown key \"directon\" in tap; did you mean \"direction\"?");
    CHECK(error_of_set("tap.direction", "out")
              .starts_with("tap.direction: \"out\" is not one of all"));
    CHECK(error_of_set("tap", "x") == "tap: is a section, not an option; name a key inside it");
    CHECK(error_of_set("", "x") == "unknown key \"\" in the configuration");
    for (const char* key :
         {"a..b", ".", "services.event_stores[01].type", "services.event_stores[].type",
          "services.event_stores[1000].type", "services.event_stores[0", "tap.direction.",
          "stacks.a b.plugins[0].type", "line\nbreak", "stacks.*.plugins[].type"}) {
      CAPTURE(key);
      const std::string text = error_of_set(key, "x");
      CHECK(text.starts_with("unknown key"));
      CHECK(text.find('\n') == std::string::npos);
    }
  }

  TEST_CASE("the type of a store may be set after its keys") {
    Config config;
    CHECK(config.set("services.object_stores[0].dir", "/x").ok());
    CHECK(resolve(config).error().text == "object_stores[0]: \"type\" is required");
    CHECK(config.set("services.object_stores[0].type", "stdout").ok());
    CHECK(resolve(config).error().text == "unknown key \"dir\" in object_stores[0] (stdout)");
    CHECK(config.set("services.object_stores[0].type", "file").ok());
    CHECK(resolve(config)->object_stores[0].id == "file-0");
    CHECK(config.set("stacks.m.plugins[0].config.format", "text").ok());
    CHECK(config.set("stacks.m.plugins[0].type", "access_logs").ok());
    CHECK(resolve(config).error().text ==
          "stacks.m.plugins[0].config.format: \"text\" is not one of console, json");
  }

  TEST_CASE("elements keep their order beyond ten") {
    Config config;
    for (int i = 11; i >= 0; --i) {
      CHECK(config.set("services.event_stores[" + std::to_string(i) + "].type", "stdout").ok());
    }
    const Settings s = *resolve(config);
    REQUIRE(s.event_stores.size() == 12);
    CHECK(s.event_stores[2].id == "stdout-2");
    CHECK(s.event_stores[11].id == "stdout-11");
  }

  TEST_CASE("a disabled store or plugin is left out") {
    const Settings s = settings_of(
        "services: { object_stores: [{ type: disabled, bucket: later }, { type: disabled }] }\n"
        "stacks: { m: { plugins: [{ type: http_capture, enabled: false }] } }\ntap: { http: { "
        "stack: m } }\n");
    CHECK(s.object_stores.empty());
    CHECK(s.plugins.empty());
  }

  TEST_CASE("plugins that changed are accepted with a warning") {
    const Settings s = settings_of(
        "stacks: { m: { plugins: [{ type: http_metrics }, { type: debug, config: { mode: full } }] "
        "} }\n"
        "tap: { http: { stack: m } }\n");
    REQUIRE(s.plugins.size() == 1);
    CHECK(s.plugins[0].type == "access_logs");
    CHECK(s.plugins[0].mode == "full");
    CHECK(s.plugins[0].format == "console");
    REQUIRE(s.warnings.size() == 2);
    CHECK(s.warnings[0].starts_with(
        "QT133: qtap.yaml:1:34: warning: stacks.m.plugins[0].type: http_metrics"));
  }

  TEST_CASE("replay needs a file, which may come later") {
    Config config = parsed("capture: { source: replay }\n");
    CHECK(resolve(config).error().text ==
          "qtap.yaml:1:20: error: capture.source: replay needs capture.replay_file");
    CHECK(config.set("capture.replay_file", "a.qrec").ok());
    CHECK(resolve(config)->capture.source == CaptureSource::kReplay);
  }

  TEST_CASE("a secret is read from the environment or taken as it is, and never shown") {
    const auto environment = [](const std::string& name) {
      return name == "KEY" ? std::optional<std::string>("s3cret") : std::nullopt;
    };
    const auto key_of = [&](std::string_view yaml) {
      Config config;
      const Status status = config.parse(yaml, "f", environment);
      return status.ok() ? resolve(config)->events.hash_key : status.error().text;
    };
    CHECK(key_of("events: { hash_key: { type: env, value: KEY } }") == "s3cret");
    CHECK(key_of("events: { hash_key: { type: text, value: KEY } }") == "KEY");
    CHECK(key_of("events: { hash_key: plain }") == "plain");
    CHECK(key_of("events: { hash_key: { type: env, value: NOKEY } }") ==
          "f:1:41: error: events.hash_key: environment variable NOKEY is not set");
    CHECK(key_of("events: { hash_key: { type: file, value: hidden } }").find("hidden") ==
          std::string::npos);
    CHECK(key_of("events: { hash_key: { type: env, value: KEY, x: 1 } }")
              .starts_with("f:1:21: error: "));
  }
}
