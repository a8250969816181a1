// SPDX-License-Identifier: Apache-2.0
#include "model/option_table.h"

#include <algorithm>

#include "base/text.h"
#include "model/option_units.h"
#include "model/store_options.h"

namespace qtap {
namespace {

using enum OptionType;

constexpr uint64_t kPercent = kSecond / 100;  // of one CPU
constexpr const char* kLevels = "none, summary, details, full, headers";
constexpr const char* kDirections = "all, ingress, egress, egress-internal, egress-external";

// clang-format off
constexpr Option kFirst[] = {
    {.key = "version", .type = kInt, .default_text = "2", .min = 2, .max = 2,
     .help = "Schema version of a configuration file."},
    {.key = "agent.name", .type = kText, .default_text = "libqtap",
     .help = "Name of the host program in `system.agent` of events."},
};

constexpr Option kRest[] = {
    {.key = "stacks.*.plugins[].type", .type = kWord,
     .words = "http_capture, access_logs, report_usage, http_metrics, debug",
     .later_words = "detect_errors, qscan", .required = true,
     .help = "What the plugin does; the plugins of a stack run in order. `http_metrics` does nothing yet; "
             "`debug` is an old name of `access_logs`."},
    {.key = "stacks.*.plugins[].enabled", .type = kBool, .default_text = "true",
     .help = "Switches a plugin off without deleting it."},
    {.key = "stacks.*.plugins[].config.level", .type = kWord, .default_text = "none", .words = kLevels,
     .applies = "http_capture",
     .help = "How much of a transaction is kept; `headers` is another word for `details`."},
    {.key = "stacks.*.plugins[].config.format", .type = kWord, .default_text = "json", .words = "json, text",
     .applies = "http_capture",
     .help = "Form on the console (`stdout` store); stored objects are always JSON."},
    {.key = "stacks.*.plugins[].config.object_min_level", .type = kWord, .default_text = "details",
     .words = "summary, details, full", .applies = "http_capture",
     .help = "Lowest level that writes to stores other than `stdout`."},
    {.key = "stacks.*.plugins[].config.header_list", .type = kWord, .default_text = "auto",
     .words = "auto, always, never", .applies = "http_capture",
     .help = "Header fields also as ordered pairs; `auto`: when a name repeats."},
    {.key = "stacks.*.plugins[].config.decode_body", .type = kBool, .default_text = "false",
     .applies = "http_capture",
     .help = "Objects hold bodies without their content coding, and say so (`body_encoding`); one that cannot be "
             "decoded stays as sent and says why not (`body_decode_state`)."},
    {.key = "stacks.*.plugins[].config.mode", .type = kWord, .default_text = "summary", .words = kLevels,
     .applies = "access_logs, debug",
     .help = "How much of a transaction is printed; `headers` is another word for `details`."},
    {.key = "stacks.*.plugins[].config.format", .type = kWord, .default_text = "console",
     .words = "console, json", .applies = "access_logs, debug",
     .help = "Lines for people or JSON lines."},

    {.key = "stacks.*.plugins[].config.rules[].name", .type = kText, .applies = "http_capture, access_logs, debug",
     .help = "Name of the rule in errors and warnings."},
    {.key = "stacks.*.plugins[].config.rules[].expr", .type = kText, .applies = "http_capture, access_logs, debug",
     .required = true, .help = "The rule (rules.md). The first of the list that matches a transaction decides."},
    {.key = "stacks.*.plugins[].config.rules[].level", .type = kWord, .words = kLevels, .applies = "http_capture",
     .required = true, .help = "In place of `level`, for what the rule matches."},
    {.key = "stacks.*.plugins[].config.rules[].format", .type = kWord, .words = "json, text", .applies = "http_capture",
     .help = "In place of `format`, for what the rule matches; none: as there."},
    {.key = "stacks.*.plugins[].config.rules[].mode", .type = kWord, .words = kLevels, .applies = "access_logs, debug",
     .required = true, .help = "In place of `mode`, for what the rule matches."},

    {.key = "rulekit.macros[].name", .type = kText, .required = true,
     .help = "Rules and macros call it as `name()`."},
    {.key = "rulekit.macros[].expr", .type = kText, .required = true,
     .help = "The rule that the name stands for."},

    {.key = "tap.direction", .type = kWord, .default_text = "all", .words = kDirections,
     .help = "Flows to watch."},
    {.key = "tap.ignore_loopback", .type = kBool, .default_text = "false",
     .help = "Skips 127.0.0.0/8 and ::1."},
    {.key = "tap.audit_include_dns", .type = kBool, .default_text = "false",
     .help = "Reports connections that carry DNS."},
    {.key = "tap.http.stack", .type = kText,
     .help = "Name of the stack for transactions; empty or `none`: connection events only."},

    {.key = "events.url_query", .type = kWord, .default_text = "strip", .words = "strip, keep",
     .help = "Whether URLs in events keep their query."},
    {.key = "events.hash_key", .type = kSecret,
     .help = "Key that turns the hashes in events into HMAC-SHA-256."},
    {.key = "events.connection_first", .type = kDuration, .default_text = "500ms", .min = 100 * kMs, .max = kDay,
     .help = "Age of a connection at its first report."},
    {.key = "events.connection_interval", .type = kDuration, .default_text = "10s", .min = 100 * kMs, .max = kDay,
     .help = "Time between later reports."},

    {.key = "capture.source", .type = kWord, .default_text = "live", .words = "live, replay, feed",
     .help = "The kernel, a recording, or bytes given by the host program."},
    {.key = "capture.replay_file", .type = kPath,
     .help = "The recording that the source `replay` reads."},
    {.key = "capture.record_file", .type = kPath,
     .help = "Writes every record to this file (mode 0600). It holds plain text."},
    {.key = "capture.tls_probes", .type = kWords, .default_text = "openssl",
     .words = "openssl, gotls, nodetls, javassl, none",
     .help = "TLS libraries to read from; this version has `openssl`, the others only warn."},
    {.key = "capture.body_buffer", .type = kSize, .default_text = "2mb", .max = 2 * kGiB,
     .help = "Body bytes kept per message; more is cut and marked."},
    {.key = "capture.message_buffer", .type = kSize, .default_text = "64kb", .max = kGiB,
     .help = "Payload bytes kept of a gRPC, WebSocket or server-sent message for `on_message`; more is cut and marked."},
    {.key = "capture.budget.process", .type = kShare, .default_text = "none", .min = kPercent / 100, .max = 6400 * kPercent,
     .help = "CPU that capturing one process may take, of one CPU; over it, less of the process is captured."},
    {.key = "capture.budget.total", .type = kShare, .default_text = "none", .min = kPercent / 100, .max = 6400 * kPercent,
     .help = "The same of all processes and of the thread that polls together."},
    {.key = "capture.ring_bytes", .type = kSize, .default_text = "16mb", .min = 64 * kKiB, .max = kGiB,
     .help = "Each ring between kernel and user space; a power of two."},
    {.key = "capture.shards", .type = kInt, .default_text = "1", .min = 1, .max = 64,
     .help = "Rings: CPU n writes to ring n modulo this. One thread reads them in the order of time."},

    {.key = "limits.connections", .type = kInt, .default_text = "65536", .min = 1, .max = 16 << 20,
     .help = "Connections tracked at once; further ones are counted, not tracked."},
    {.key = "limits.streams_per_connection", .type = kInt, .default_text = "1000", .min = 1, .max = 1 << 20,
     .help = "Requests of one connection that wait for their response."},
    {.key = "limits.header_bytes", .type = kSize, .default_text = "256kb", .min = kKiB, .max = 64 * kMiB,
     .help = "Header bytes of a message; more is cut and marked."},
    {.key = "limits.transaction_idle", .type = kDuration, .default_text = "5m", .min = kSecond, .max = kDay,
     .help = "An unfinished transaction is given up after so long."},
    {.key = "limits.decoded_bytes", .type = kSize, .default_text = "16mb", .min = kKiB, .max = 2 * kGiB,
     .help = "A body without its content coding, as consoles, rules and callbacks see it; decoding ends there and says so."},
    {.key = "limits.decode_ratio", .type = kInt, .default_text = "200", .min = 1, .max = 1 << 20,
     .help = "So many times what was sent; decoding ends there and says so. Not looked at up to 1 MiB."},

    {.key = "sink.flush_timeout", .type = kDuration, .default_text = "5s", .max = kDay,
     .help = "Wait for the stores at the end."},

    {.key = "worker.threads", .type = kInt, .default_text = "1", .max = 16, .max_now = 1,
     .help = "1: each store has a worker; 0: stores run inline. This version knows no more."},
    {.key = "log.libbpf", .type = kWord, .default_text = "on", .words = "on, off",
     .help = "Whether libbpf's warnings go to the logger, at level debug."},
    {.key = "ids.seed", .type = kInt, .default_text = "0",
     .help = "Seed of connection and request ids (0: random); the same seed and input give the same ids."},
};
// clang-format on

// spec/config.md 5 and 7.
constexpr std::string_view kLegacyKeys[] = {
    "control",           "proxy",        "services.qscan",
    "tap.default_stack", "tap.env_tags", "tap.default_domain_action",
};

// Sections and keys of spec/config.md that a later version brings; each stands for all below it.
constexpr std::string_view kLaterKeys[] = {
    "redact",
    "tags",
    "context",
    "server",
    "metrics",
    "data_dir",
    "log.level",
    "log.encoding",
    "log.caller",
    "tap.grpc",
    "tap.redis",
    "tap.mysql",
    "tap.postgres",
    "tap.kafka",
    "tap.filters",
    "tap.endpoints",
    "capture.bpf_trace",
    "limits.body_bytes_total",
};

// Does `pattern` stand at or below `root`?
bool is_within(std::string_view pattern, std::string_view root) {
  if (!pattern.starts_with(root)) return false;
  return pattern.size() == root.size() || pattern[root.size()] == '.' ||
         pattern[root.size()] == '[';
}

// What follows `pattern` in a key below it: ".name", "[]"; the empty pattern has everything below
// it.
std::string_view tail_below(std::string_view key, std::string_view pattern) {
  if (pattern.empty()) return key;
  if (!is_within(key, pattern) || key.size() == pattern.size()) return {};
  key.remove_prefix(pattern.size());
  if (key.front() == '.') key.remove_prefix(1);
  return key;
}

}  // namespace

std::span<const Option> option_table() {
  static const std::vector<Option> all = [] {
    std::vector<Option> rows(std::begin(kFirst), std::end(kFirst));
    const auto add = [&rows](std::span<const Option> more) {
      rows.insert(rows.end(), more.begin(), more.end());
    };
    add(store_options());
    add(kRest);
    add(delivery_options());
    return rows;
  }();
  return all;
}

const char* option_type_name(OptionType type) {
  constexpr const char* kNames[] = {"bool", "int",  "size", "duration", "share",
                                    "text", "path", "word", "words",    "secret"};
  return kNames[static_cast<size_t>(type)];
}

bool applies_to(const Option& option, std::string_view type) {
  const std::vector<std::string_view> types = split_words(option.applies);
  return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

const Option* find_option(std::string_view pattern, std::string_view type) {
  for (const Option& option : option_table()) {
    if (pattern == option.key && (type.empty() || applies_to(option, type))) return &option;
  }
  return nullptr;
}

Shape shape_of(std::string_view pattern) {
  for (const Option& option : option_table()) {
    if (pattern == option.key) return Shape::kValue;
    const std::string_view tail = tail_below(option.key, pattern);
    if (tail.empty()) continue;
    if (tail.starts_with('[')) return Shape::kList;
    return tail.starts_with('*') ? Shape::kNamedMap : Shape::kMap;
  }
  return Shape::kNothing;
}

std::vector<std::string_view> keys_below(std::string_view pattern, std::string_view type) {
  std::vector<std::string_view> keys;
  for (const Option& option : option_table()) {
    std::string_view tail = tail_below(option.key, pattern);
    tail = tail.substr(0, tail.find_first_of(".["));
    if (tail.empty() || tail == "*" || (!type.empty() && !applies_to(option, type))) continue;
    if (std::find(keys.begin(), keys.end(), tail) == keys.end()) keys.push_back(tail);
  }
  return keys;
}

std::vector<std::string_view> required_below(std::string_view pattern, std::string_view type) {
  std::vector<std::string_view> keys;
  for (const Option& option : option_table()) {
    const std::string_view tail = tail_below(option.key, pattern);
    if (!option.required || tail.empty() || tail.find('[') != std::string_view::npos) continue;
    if (applies_to(option, type)) keys.push_back(tail);
  }
  return keys;
}

KeyKind kind_of_key(std::string_view pattern) {
  const auto covers = [&](std::string_view root) { return is_within(pattern, root); };
  if (std::any_of(std::begin(kLegacyKeys), std::end(kLegacyKeys), covers)) return KeyKind::kLegacy;
  if (std::any_of(std::begin(kLaterKeys), std::end(kLaterKeys), covers)) return KeyKind::kLater;
  return KeyKind::kOther;
}

}  // namespace qtap
