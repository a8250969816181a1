// SPDX-License-Identifier: Apache-2.0
// Turns a Config into Settings: defaults filled in, values typed, and what must fit together checked (config.md 3).
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "model/config.h"
#include "model/option_table.h"
#include "model/suggest.h"

namespace qtap {
namespace {

class Resolver {
 public:
  explicit Resolver(const Config& config) : config_(config) {}
  Result<Settings> run();

 private:
  std::string text(std::string_view key) const {
    if (const Config::Entry* entry = config_.find(key)) return entry->value;
    const Option* option = find_option(key);
    return option ? option->default_text : "";
  }
  bool is_true(std::string_view key) const { return text(key) == "true"; }
  uint64_t number(std::string_view key) const {
    const std::string value = text(key);
    uint64_t result = 0;
    std::from_chars(value.data(), value.data() + value.size(), result);
    return result;
  }
  uint64_t size(std::string_view key) const { return parse_size(text(key)); }
  int64_t duration(std::string_view key) const { return parse_duration_ns(text(key)); }

  // The place of a key, for an error: "line 5, column 3: " or nothing.
  std::string place(std::string_view key) const {
    const Config::Entry* entry = config_.find(key);
    if (!entry || entry->position.line == 0) return {};
    return "line " + std::to_string(entry->position.line) + ", column " +
           std::to_string(entry->position.column) + ": ";
  }
  Error error(std::string_view key, const std::string& what) const {
    return {QTAP_ERR_INVALID, place(key) + what};
  }

  std::set<size_t> indices(const std::string& list) const;
  Result<std::vector<StoreSettings>> stores(const std::string& kind);
  Result<std::vector<PluginSettings>> plugins(const std::string& stack);
  Status check_applies(const std::string& prefix, const std::string& type) const;
  Status capture(Settings& s);

  const Config& config_;
  std::vector<std::string> warnings_;
};

// The indices that appear in keys below `list`.
std::set<size_t> Resolver::indices(const std::string& list) const {
  std::set<size_t> found;
  const std::string prefix = list + "[";
  for (auto it = config_.entries().lower_bound(prefix);
       it != config_.entries().end() && it->first.starts_with(prefix); ++it) {
    size_t index = 0;
    std::from_chars(it->first.data() + prefix.size(), it->first.data() + it->first.size(), index);
    found.insert(index);
  }
  return found;
}

// Keys below `prefix` that another type has: an error, as for a key that nobody has.
Status Resolver::check_applies(const std::string& prefix, const std::string& type) const {
  for (auto it = config_.entries().lower_bound(prefix);
       it != config_.entries().end() && it->first.starts_with(prefix); ++it) {
    const Option* option = find_option(it->first);
    const std::vector<std::string_view> applies = split_words(option->applies);
    if (applies.empty() || std::find(applies.begin(), applies.end(), type) != applies.end()) continue;
    const std::string key = it->first.substr(it->first.rfind('.') + 1);
    return error(it->first, "unknown key \"" + key + "\" in " + type + " config");
  }
  return {};
}

Result<std::vector<StoreSettings>> Resolver::stores(const std::string& kind) {
  std::vector<StoreSettings> result;
  std::set<std::string> ids;
  const std::string list = "services." + kind;
  for (const size_t i : indices(list)) {
    const std::string prefix = list + "[" + std::to_string(i) + "].";
    const std::string name = kind + "[" + std::to_string(i) + "]";
    StoreSettings store;
    store.type = text(prefix + "type");
    if (store.type.empty()) return Error{QTAP_ERR_INVALID, name + ": \"type\" is required"};
    QTAP_CHECK(check_applies(prefix, store.type));
    if (store.type == "disabled") continue;
    const bool has_id = config_.find(prefix + "id") != nullptr;
    store.id = has_id ? text(prefix + "id") : store.type + "-" + std::to_string(i);
    if (!ids.insert(store.id).second) {
      return error(prefix + "id", name + ".id: \"" + store.id + "\" is already used");
    }
    store.dir = text(prefix + "dir");
    if (store.type == "file" && store.dir.empty()) {
      return error(prefix + "type", name + " (file): \"dir\" is required");
    }
    result.push_back(std::move(store));
  }
  return result;
}

Result<std::vector<PluginSettings>> Resolver::plugins(const std::string& stack) {
  std::vector<PluginSettings> result;
  const std::string list = "stacks." + stack + ".plugins";
  for (const size_t i : indices(list)) {
    const std::string prefix = list + "[" + std::to_string(i) + "].";
    PluginSettings plugin;
    plugin.type = text(prefix + "type");
    if (plugin.type.empty()) {
      return Error{QTAP_ERR_INVALID, list + "[" + std::to_string(i) + "]: \"type\" is required"};
    }
    QTAP_CHECK(check_applies(prefix + "config.", plugin.type));
    if (!is_true(prefix + "enabled")) continue;
    if (plugin.type == "http_metrics") {
      warnings_.push_back("http_metrics: this version has no metrics endpoint; the plugin does nothing");
      continue;
    }
    plugin.level = text(prefix + "config.level");
    plugin.mode = text(prefix + "config.mode");
    plugin.object_min_level = text(prefix + "config.object_min_level");
    plugin.header_list = text(prefix + "config.header_list");
    plugin.format = text(prefix + "config.format");
    const char* other = plugin.type == "access_logs" ? "text" : "console";
    if (plugin.format == other) {
      return error(prefix + "config.format", prefix + "config.format: \"" + plugin.format + "\" is not one of " +
                                                 (plugin.type == "access_logs" ? "console, json" : "text, json"));
    }
    result.push_back(std::move(plugin));
  }
  return result;
}

FlowDirection direction_of(const std::string& word) {
  if (word == "ingress") return FlowDirection::kIngress;
  if (word == "egress") return FlowDirection::kEgress;
  if (word == "egress-internal") return FlowDirection::kEgressInternal;
  if (word == "egress-external") return FlowDirection::kEgressExternal;
  return FlowDirection::kUnknown;
}

Status Resolver::capture(Settings& s) {
  const std::string source = text("capture.source");
  s.capture.source = source == "replay" ? CaptureSource::kReplay
                     : source == "feed" ? CaptureSource::kFeed
                                        : CaptureSource::kLive;
  s.capture.replay_file = text("capture.replay_file");
  s.capture.record_file = text("capture.record_file");
  if (s.capture.source == CaptureSource::kReplay && s.capture.replay_file.empty()) {
    return error("capture.source", "capture.source: replay needs capture.replay_file");
  }
  s.capture.body_buffer = size("capture.body_buffer");
  s.capture.ring_bytes = size("capture.ring_bytes");
  if ((s.capture.ring_bytes & (s.capture.ring_bytes - 1)) != 0) {
    return error("capture.ring_bytes", "capture.ring_bytes: " + text("capture.ring_bytes") + " is not a power of two");
  }
  s.capture.openssl = false;
  const std::string probes = text("capture.tls_probes");
  for (const std::string_view probe : split_words(probes)) {
    if (probe == "openssl") {
      s.capture.openssl = true;
    } else if (probe != "none") {
      warnings_.push_back("capture.tls_probes: " + std::string(probe) + " is not in this version");
    }
  }
  return {};
}

Result<Settings> Resolver::run() {
  Settings s;
  s.agent_name = text("agent.name");
  QTAP_TRY(s.event_stores, stores("event_stores"));
  QTAP_TRY(s.object_stores, stores("object_stores"));

  std::set<std::string> names;
  for (const auto& [key, entry] : config_.entries()) {
    if (key.starts_with("stacks.")) names.insert(key.substr(7, key.find(".plugins[") - 7));
  }
  const std::string stack = text("tap.http.stack");
  // Every stack is checked, also those that nothing uses.
  for (const std::string& name : names) {
    QTAP_TRY(std::vector<PluginSettings> loaded, plugins(name));
    if (name == stack) s.plugins = std::move(loaded);
  }
  if (!stack.empty() && stack != "none" && !names.contains(stack)) {
    const std::string near = nearest(stack, std::vector<std::string_view>(names.begin(), names.end()));
    return error("tap.http.stack", "tap.http.stack: no stack named \"" + stack + "\"" +
                                       (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  s.tap.direction = direction_of(text("tap.direction"));
  s.tap.ignore_loopback = is_true("tap.ignore_loopback");
  s.events.keep_query = text("events.url_query") == "keep";
  s.events.hash_key = text("events.hash_key");
  s.events.connection_first_ns = duration("events.connection_first");
  s.events.connection_interval_ns = duration("events.connection_interval");
  QTAP_CHECK(capture(s));
  s.limits.connections = number("limits.connections");
  s.limits.streams_per_connection = static_cast<uint32_t>(number("limits.streams_per_connection"));
  s.limits.header_bytes = size("limits.header_bytes");
  s.limits.transaction_idle_ns = duration("limits.transaction_idle");
  s.sink.queue_bytes = size("sink.queue_bytes");
  s.sink.max_attempts = static_cast<uint32_t>(number("sink.retry.max_attempts"));
  s.sink.first_retry_ns = duration("sink.retry.first");
  s.sink.max_retry_ns = duration("sink.retry.max");
  s.sink.flush_timeout_ns = duration("sink.flush_timeout");
  s.worker_threads = static_cast<uint32_t>(number("worker.threads"));
  s.log_libbpf = text("log.libbpf") == "on";
  s.id_seed = number("ids.seed");
  s.warnings = config_.warnings();
  s.warnings.insert(s.warnings.end(), warnings_.begin(), warnings_.end());
  return s;
}

}  // namespace

Result<Settings> resolve(const Config& config) { return Resolver(config).run(); }

}  // namespace qtap
