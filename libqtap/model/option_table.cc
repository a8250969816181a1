// SPDX-License-Identifier: Apache-2.0
#include "model/option_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "model/suggest.h"

namespace qtap {
namespace {

using enum OptionType;

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;
constexpr uint64_t kGiB = 1024 * kMiB;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;
constexpr uint64_t kDay = 86400 * kSecond;
constexpr const char* kLevels = "none, summary, details, full, headers";
constexpr const char* kDirections = "all, ingress, egress, egress-internal, egress-external";

// In the order of docs/options.md.
constexpr Option kOptions[] = {
    {"version", kInt, "2", "", 2, 2, "", "Schema version of a configuration file.", "0.1"},
    {"agent.name", kText, "libqtap", "", 0, 0, "", "Name of the host program in `system.agent` of events.", "0.1"},
    {"services.event_stores[].type", kWord, "", "stdout, disabled", 0, 0, "", "Where events go: `stdout` prints one JSON line per event.", "0.1"},
    {"services.event_stores[].id", kText, "<type>-<index>", "", 0, 0, "", "Name of the store in logs and records; unique.", "0.1"},
    {"services.object_stores[].type", kWord, "", "stdout, file, disabled", 0, 0, "", "Where objects go: printed, or one file each.", "0.1"},
    {"services.object_stores[].id", kText, "<type>-<index>", "", 0, 0, "", "Name of the store in logs and records; unique.", "0.1"},
    {"services.object_stores[].dir", kText, "", "", 0, 0, "file", "Directory of a `file` store; made when missing, mode 0700.", "0.1"},
    {"stacks.*.plugins[].type", kWord, "", "http_capture, access_logs, report_usage, http_metrics", 0, 0, "", "What the plugin does; plugins of a stack run in order.", "0.1"},
    {"stacks.*.plugins[].enabled", kBool, "true", "", 0, 0, "", "Switches a plugin off without deleting it.", "0.1"},
    {"stacks.*.plugins[].config.level", kWord, "none", kLevels, 0, 0, "http_capture", "How much of a transaction is kept; `headers` is `details`.", "0.1"},
    {"stacks.*.plugins[].config.object_min_level", kWord, "details", "summary, details, full", 0, 0, "http_capture", "Lowest level that writes to stores other than `stdout`.", "0.1"},
    {"stacks.*.plugins[].config.header_list", kWord, "auto", "auto, always, never", 0, 0, "http_capture", "Header fields also as ordered pairs; `auto`: when a name repeats.", "0.1"},
    {"stacks.*.plugins[].config.mode", kWord, "summary", kLevels, 0, 0, "access_logs", "How much of a transaction is printed.", "0.1"},
    {"stacks.*.plugins[].config.format", kWord, "", "console, text, json", 0, 0, "http_capture, access_logs", "Form on the console: `console` (access_logs), `text` (http_capture) or `json`.", "0.1"},
    {"tap.direction", kWord, "all", kDirections, 0, 0, "", "Flows to watch.", "0.1"},
    {"tap.ignore_loopback", kBool, "false", "", 0, 0, "", "Skips 127.0.0.0/8 and ::1.", "0.1"},
    {"tap.http.stack", kText, "", "", 0, 0, "", "Name of the stack for transactions; none: connection events only.", "0.1"},
    {"events.url_query", kWord, "strip", "strip, keep", 0, 0, "", "Whether URLs in events keep their query.", "0.1"},
    {"events.hash_key", kText, "", "", 0, 0, "", "Key that turns hashes in events into HMAC-SHA-256. Secret.", "0.1"},
    {"events.connection_first", kDuration, "500ms", "", 100 * kMs, kDay, "", "Age of a connection at its first report.", "0.1"},
    {"events.connection_interval", kDuration, "10s", "", 100 * kMs, kDay, "", "Time between later reports.", "0.1"},
    {"capture.source", kWord, "live", "live, replay, feed", 0, 0, "", "The kernel, a recording, or bytes given by the host program.", "0.1"},
    {"capture.replay_file", kText, "", "", 0, 0, "", "The recording that `replay` reads.", "0.1"},
    {"capture.record_file", kText, "", "", 0, 0, "", "Writes every record to this file (mode 0600). Holds plain text.", "0.1"},
    {"capture.tls_probes", kWords, "openssl", "openssl, gotls, nodetls, javassl, none", 0, 0, "", "TLS libraries to read from; this version has `openssl`.", "0.1"},
    {"capture.body_buffer", kSize, "2mb", "", 0, 2 * kGiB, "", "Body bytes kept per message; more is cut and marked.", "0.1"},
    {"capture.ring_bytes", kSize, "16mb", "", 64 * kKiB, kGiB, "", "Ring between kernel and user space; a power of two.", "0.1"},
    {"capture.shards", kInt, "1", "", 1, 1, "", "Rings and threads; this version has one.", "0.1"},
    {"limits.connections", kInt, "65536", "", 1, 16 << 20, "", "Connections tracked at once; further ones are counted.", "0.1"},
    {"limits.streams_per_connection", kInt, "1000", "", 1, 1 << 20, "", "Requests of one connection that wait for their response.", "0.1"},
    {"limits.header_bytes", kSize, "256kb", "", 1 * kKiB, 64 * kMiB, "", "Header bytes of a message; more is cut and marked.", "0.1"},
    {"limits.transaction_idle", kDuration, "5m", "", kSecond, kDay, "", "An unfinished transaction is given up after so long.", "0.1"},
    {"sink.queue_bytes", kSize, "64mb", "", 1 * kMiB, 16 * kGiB, "", "Bound of each store's queue; what does not fit is dropped and counted.", "0.1"},
    {"sink.retry.max_attempts", kInt, "8", "", 1, 1000, "", "Attempts for what a store may take later.", "0.1"},
    {"sink.retry.first", kDuration, "200ms", "", kMs, kDay, "", "Wait before the second attempt; doubles.", "0.1"},
    {"sink.retry.max", kDuration, "30s", "", kMs, kDay, "", "Longest wait between attempts.", "0.1"},
    {"sink.flush_timeout", kDuration, "5s", "", 0, kDay, "", "Wait for the stores at the end.", "0.1"},
    {"worker.threads", kInt, "1", "", 0, 1, "", "1: each store has a worker; 0: stores run inline.", "0.1"},
    {"log.libbpf", kWord, "on", "on, off", 0, 0, "", "Whether libbpf's messages go to the logger.", "0.1"},
    {"ids.seed", kInt, "0", "", 0, UINT64_MAX, "", "Seeds connection and request ids (0: random); with `feed`, the same input gives the same ids.", "0.1"},
};

constexpr std::string_view kLegacyKeys[] = {"control", "proxy", "services.qscan", "tap.default_stack",
                                            "tap.default_domain_action", "tap.env_tags"};

// Sections and keys of spec/config.md that a later version brings.
constexpr std::string_view kLaterKeys[] = {
    "rulekit", "redact", "tags", "context", "server", "metrics", "data_dir", "log.level", "log.encoding", "log.caller",
    "tap.audit_include_dns", "tap.grpc", "tap.redis", "tap.mysql", "tap.postgres", "tap.kafka", "tap.filters",
    "tap.endpoints", "capture.bpf_trace", "limits.body_bytes_total", "stacks.*.plugins[].config.rules",
    "stacks.*.plugins[].config.decode_body"};

// One part of a key: up to a dot or a bracket.
std::string_view take_part(std::string_view& key) {
  if (key.starts_with('[')) {
    const size_t end = std::min(key.find(']'), key.size() - 1) + 1;
    const std::string_view part = key.substr(0, end);
    key.remove_prefix(end);
    if (key.starts_with('.')) key.remove_prefix(1);
    return part;
  }
  const size_t end = std::min(key.find_first_of(".["), key.size());
  const std::string_view part = key.substr(0, end);
  key.remove_prefix(end);
  if (key.starts_with('.')) key.remove_prefix(1);
  return part;
}

bool is_index(std::string_view part) {
  return part.size() >= 3 && part.size() <= 6 && part.front() == '[' && part.back() == ']' &&
         part.find_first_not_of("0123456789", 1) == part.size() - 1;
}

bool part_matches(std::string_view pattern, std::string_view part) {
  if (pattern == "[]") return is_index(part);
  if (pattern == "*") return !part.empty() && part.front() != '[';
  return pattern == part;
}

// How the beginning of `key` fits a pattern: the number of parts that match, and what comes next in each.
struct Match {
  bool whole = false;         // pattern and key end together
  bool pattern_ended = false;
  std::string_view wanted;    // first part of the pattern that differs
  std::string_view got;
  bool key_is_last = false;   // `got` is the last part of the key
  size_t parts = 0;
};

Match match(std::string_view pattern, std::string_view key) {
  Match m;
  while (!pattern.empty() && !key.empty()) {
    m.wanted = take_part(pattern);
    m.got = take_part(key);
    if (!part_matches(m.wanted, m.got)) {
      m.key_is_last = key.empty();
      return m;
    }
    ++m.parts;
  }
  m.whole = pattern.empty() && key.empty();
  m.pattern_ended = pattern.empty();
  m.wanted = m.got = {};
  return m;
}

Error bad(std::string_view key, const std::string& what) {
  return {QTAP_ERR_INVALID, std::string(key) + ": " + what};
}

std::string quoted(std::string_view value) { return "\"" + std::string(value) + "\""; }

struct Unit {
  std::string_view name;
  double factor;
};

// "<number><unit>" one or more times; the factor of no unit is units[0].
Result<double> parse_with_units(std::string_view text, std::span<const Unit> units, bool may_repeat) {
  if (text.empty()) return Error{};
  double sum = 0;
  bool first = true;
  while (!text.empty()) {
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || number < 0 || !std::isfinite(number)) return Error{};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const size_t len = std::min(text.find_first_of("0123456789."), text.size());
    std::string unit = lower(text.substr(0, len));
    unit.erase(0, std::min(unit.find_first_not_of(' '), unit.size()));
    text.remove_prefix(len);
    const auto known = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == unit; });
    if (known == units.end() || (!first && !may_repeat)) return Error{};
    sum += number * known->factor;
    first = false;
  }
  return sum;
}

Status check_range(const Option& option, std::string_view key, std::string_view value, uint64_t number,
                   const std::string& min, const std::string& max) {
  if (number < option.min) return bad(key, std::string(value) + " is below the minimum " + min);
  if (number > option.max) return bad(key, std::string(value) + " is above the maximum " + max);
  return {};
}

std::string size_text(uint64_t bytes) {
  if (bytes >= kGiB && bytes % kGiB == 0) return std::to_string(bytes / kGiB) + "gb";
  if (bytes >= kMiB && bytes % kMiB == 0) return std::to_string(bytes / kMiB) + "mb";
  if (bytes >= kKiB && bytes % kKiB == 0) return std::to_string(bytes / kKiB) + "kb";
  return std::to_string(bytes);
}

std::string duration_text(uint64_t ns) {
  if (ns % kSecond == 0) return std::to_string(ns / kSecond) + "s";
  return std::to_string(ns / kMs) + "ms";
}

Status check_words(const Option& option, std::string_view key, std::string_view value) {
  const std::vector<std::string_view> allowed = split_words(option.words);
  const std::vector<std::string_view> given =
      option.type == kWords ? split_words(value) : std::vector<std::string_view>{value};
  for (const std::string_view word : given) {
    if (std::find(allowed.begin(), allowed.end(), word) != allowed.end()) continue;
    return bad(key, quoted(word) + " is not one of " + option.words);
  }
  return {};
}

}  // namespace

std::span<const Option> option_table() { return kOptions; }

const char* option_type_name(OptionType type) {
  constexpr const char* kNames[] = {"bool", "int", "size", "duration", "text", "word", "words"};
  return kNames[static_cast<size_t>(type)];
}

const Option* find_option(std::string_view key) {
  for (const Option& option : kOptions) {
    if (match(option.key, key).whole) return &option;
  }
  return nullptr;
}

std::string suggest_key(std::string_view key) {
  size_t deepest = 0;
  std::vector<std::string_view> candidates;
  std::string_view got;
  for (const Option& option : kOptions) {
    const Match m = match(option.key, key);
    if (m.got.empty() || m.parts < deepest) continue;
    if (m.parts > deepest) candidates.clear();
    deepest = m.parts;
    got = m.got;
    candidates.push_back(m.wanted);
  }
  return nearest(got, candidates);
}

KeyKind kind_of_unlisted_key(std::string_view key) {
  for (const std::string_view legacy : kLegacyKeys) {
    if (const Match m = match(legacy, key); m.pattern_ended) return KeyKind::kLegacy;
  }
  for (const std::string_view later : kLaterKeys) {
    if (const Match m = match(later, key); m.pattern_ended) return KeyKind::kLater;
  }
  return KeyKind::kUnknown;
}

Result<uint64_t> try_size(std::string_view value) {
  static constexpr Unit kUnits[] = {{"", 1},           {"b", 1},           {"kb", 1024.0},
                                    {"kib", 1024.0},   {"mb", 1048576.0},  {"mib", 1048576.0},
                                    {"gb", 1073741824.0}, {"gib", 1073741824.0}};
  QTAP_TRY(const double bytes, parse_with_units(value, kUnits, /*may_repeat=*/false));
  if (bytes > 9e18) return Error{};
  return static_cast<uint64_t>(bytes);
}

Result<int64_t> try_duration_ns(std::string_view value) {
  static constexpr Unit kUnits[] = {{"", 1e6}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  QTAP_TRY(const double ns, parse_with_units(value, kUnits, /*may_repeat=*/true));
  if (ns > 9e18) return Error{};
  return static_cast<int64_t>(std::llround(ns));
}

uint64_t parse_size(std::string_view value) {
  const Result<uint64_t> size = try_size(value);
  return size.ok() ? *size : 0;
}

int64_t parse_duration_ns(std::string_view value) {
  const Result<int64_t> ns = try_duration_ns(value);
  return ns.ok() ? *ns : 0;
}

Status check_value(const Option& option, std::string_view key, std::string_view value) {
  switch (option.type) {
    case kBool:
      if (value == "true" || value == "false") return {};
      return bad(key, "expected true or false, got " + quoted(value));
    case kInt: {
      uint64_t number = 0;
      const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (failed != std::errc() || end != value.data() + value.size()) {
        return bad(key, "expected a whole number, got " + quoted(value));
      }
      return check_range(option, key, value, number, std::to_string(option.min), std::to_string(option.max));
    }
    case kSize: {
      const Result<uint64_t> size = try_size(value);
      if (!size.ok()) return bad(key, "expected a size such as 512kb or 2mb, got " + quoted(value));
      return check_range(option, key, value, *size, size_text(option.min), size_text(option.max));
    }
    case kDuration: {
      const Result<int64_t> ns = try_duration_ns(value);
      if (!ns.ok()) return bad(key, "expected a duration such as 250ms or 1m30s, got " + quoted(value));
      return check_range(option, key, value, static_cast<uint64_t>(*ns), duration_text(option.min),
                         duration_text(option.max));
    }
    case kWord:
    case kWords: return check_words(option, key, value);
    case kText: break;
  }
  return {};
}

}  // namespace qtap
