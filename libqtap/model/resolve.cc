// SPDX-License-Identifier: Apache-2.0
// Turns a Config into Settings: what must fit together is checked, defaults are filled in, values
// typed.
#include <algorithm>

#include "base/text.h"
#include "model/config.h"
#include "model/config_check.h"
#include "model/option_key.h"
#include "model/option_reader.h"
#include "model/resolve_stores.h"

namespace qtap {
namespace {

class Resolver {
 public:
  explicit Resolver(const Config& config) : config_(config), options_(config) {}
  Settings run();

 private:
  std::string text(const std::string& key, std::string_view type = {}) const {
    return options_.text(key, type);
  }
  bool is_true(const std::string& key) const { return options_.is_true(key); }
  uint64_t number(const std::string& key) const { return options_.number(key); }
  uint64_t size(const std::string& key) const { return options_.size(key); }
  int64_t duration(const std::string& key) const { return options_.duration(key); }
  void warn(MessageId id, const std::string& key, const std::string& what) {
    const Config::Entry* entry = config_.find(key);
    const std::string place = entry ? place_text(*entry) : "";
    warnings_.push_back(std::string(id.text()) + ": " + place + (place.empty() ? "" : "warning: ") +
                        what);
  }

  std::vector<StoreSettings> stores(const std::string& list) {
    return resolve_stores(options_, list,
                          [this](MessageId id, const std::string& key, const std::string& what) {
                            warn(id, key, what);
                          });
  }
  std::vector<PluginSettings> plugins(const std::string& stack);
  std::vector<PluginRule> rules(const std::string& config, const std::string& type) const;
  std::vector<RuleText> macros() const;
  void add_rules(const std::string& list, std::vector<RuleText>& ret) const;
  std::vector<RuleText> idle_rules(const std::string& used_stack) const;
  RuleText rule(const std::string& element) const;
  void capture(Settings& s);

  const Config& config_;
  OptionReader options_;
  std::vector<std::string> warnings_;
};

// spec/config.md 7: another word for the same.
std::string level_word(std::string word) {
  return word == "headers" ? "details" : word;
}

RuleText Resolver::rule(const std::string& element) const {
  const Config::Entry* expr = config_.find(element + ".expr");
  return {.name = text(element + ".name"),
          .expr = text(element + ".expr"),
          .key = element,
          .place = expr ? place_text(*expr) : ""};
}

std::vector<PluginRule> Resolver::rules(const std::string& config, const std::string& type) const {
  std::vector<PluginRule> result;
  for (const size_t i : indices_of(config_.entries(), config + "rules")) {
    const std::string element = config + "rules[" + std::to_string(i) + "]";
    const std::string level = text(element + ".level", type);
    result.push_back({.text = rule(element),
                      .level = level_word(level.empty() ? text(element + ".mode", type) : level),
                      .format = text(element + ".format", type)});
  }
  return result;
}

void Resolver::add_rules(const std::string& list, std::vector<RuleText>& ret) const {
  for (const size_t i : indices_of(config_.entries(), list)) {
    ret.push_back(rule(list + "[" + std::to_string(i) + "]"));
  }
}

std::vector<RuleText> Resolver::macros() const {
  std::vector<RuleText> result;
  add_rules("rulekit.macros", result);
  return result;
}

std::vector<RuleText> Resolver::idle_rules(const std::string& used_stack) const {
  std::vector<RuleText> result;
  for (const std::string_view name : stack_names(config_.entries())) {
    const std::string list = "stacks." + std::string(name) + ".plugins";
    for (const size_t i : indices_of(config_.entries(), list)) {
      const std::string plugin = list + "[" + std::to_string(i) + "].";
      if (name == used_stack && is_true(plugin + "enabled")) continue;
      add_rules(plugin + "config.rules", result);
    }
  }
  return result;
}

std::vector<PluginSettings> Resolver::plugins(const std::string& stack) {
  std::vector<PluginSettings> result;
  const std::string list = "stacks." + stack + ".plugins";
  for (const size_t i : indices_of(config_.entries(), list)) {
    const std::string element = list + "[" + std::to_string(i) + "].";
    const std::string config = element + "config.";
    if (!is_true(element + "enabled")) continue;
    PluginSettings plugin;
    plugin.type = text(element + "type");
    if (plugin.type == "http_metrics") {
      warn("QT133", element + "type",
           element + "type: http_metrics does nothing: this version has no metrics endpoint");
      continue;
    }
    plugin.level = level_word(text(config + "level", plugin.type));
    plugin.mode = level_word(text(config + "mode", plugin.type));
    plugin.format = text(config + "format", plugin.type);
    plugin.object_min_level = text(config + "object_min_level", plugin.type);
    plugin.header_list = text(config + "header_list", plugin.type);
    plugin.decode_body = text(config + "decode_body", plugin.type) == "true";
    plugin.rules = rules(config, plugin.type);
    if (plugin.type == "debug") {
      warn("QT134", element + "type",
           element + "type: debug is an old name; write access_logs with format: console");
      plugin.type = "access_logs";
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

void Resolver::capture(Settings& s) {
  const std::string source = text("capture.source");
  s.capture.source = CaptureSource::kLive;
  if (source == "replay") s.capture.source = CaptureSource::kReplay;
  if (source == "feed") s.capture.source = CaptureSource::kFeed;
  s.capture.replay_file = text("capture.replay_file");
  s.capture.record_file = text("capture.record_file");
  s.capture.body_buffer = size("capture.body_buffer");
  s.capture.message_buffer = size("capture.message_buffer");
  s.capture.ring_bytes = size("capture.ring_bytes");
  s.capture.shards = static_cast<uint32_t>(number("capture.shards"));
  s.capture.process_budget = parse_share(text("capture.budget.process"));
  s.capture.total_budget = parse_share(text("capture.budget.total"));
  s.capture.openssl = false;
  const std::string probes = text("capture.tls_probes");
  for (const std::string_view probe : split_words(probes)) {
    if (probe == "openssl") {
      s.capture.openssl = true;
    } else if (probe != "none") {
      warn(
          "QT135", "capture.tls_probes",
          "capture.tls_probes: " + std::string(probe) + " is not in this version and sees nothing");
    }
  }
}

Settings Resolver::run() {
  Settings s;
  s.agent_name = text("agent.name");
  s.event_stores = stores("services.event_stores");
  s.object_stores = stores("services.object_stores");
  const std::string stack = text("tap.http.stack");
  if (!stack.empty() && stack != "none") s.plugins = plugins(stack);
  s.macros = macros();
  s.idle_rules = idle_rules(stack);
  s.tap.direction = direction_of(text("tap.direction"));
  s.tap.ignore_loopback = is_true("tap.ignore_loopback");
  s.tap.audit_include_dns = is_true("tap.audit_include_dns");
  s.events.keep_query = text("events.url_query") == "keep";
  s.events.hash_key = text("events.hash_key");
  s.events.connection_first_ns = duration("events.connection_first");
  s.events.connection_interval_ns = duration("events.connection_interval");
  capture(s);
  s.limits.connections = number("limits.connections");
  s.limits.streams_per_connection = static_cast<uint32_t>(number("limits.streams_per_connection"));
  s.limits.header_bytes = size("limits.header_bytes");
  s.limits.transaction_idle_ns = duration("limits.transaction_idle");
  s.limits.decoded_bytes = size("limits.decoded_bytes");
  s.limits.decode_ratio = number("limits.decode_ratio");
  s.sink.delivery = resolve_delivery(options_);
  s.sink.flush_timeout_ns = duration("sink.flush_timeout");
  s.worker_threads = static_cast<uint32_t>(number("worker.threads"));
  s.log_libbpf = text("log.libbpf") == "on";
  s.id_seed = number("ids.seed");
  s.warnings = config_.warnings();
  s.warnings.insert(s.warnings.end(), warnings_.begin(), warnings_.end());
  return s;
}

}  // namespace

Result<Settings> resolve(const Config& config) {
  std::vector<Conflict> found = find_gaps(config.entries());
  if (found.empty()) found = find_conflicts(config.entries());
  if (!found.empty()) {
    Error error = found.front().error;
    const Config::Entry* entry = config.find(found.front().key);
    const std::string place = entry ? place_text(*entry) : "";
    if (!place.empty()) error.text = place + "error: " + error.text;
    return error;
  }
  return Resolver(config).run();
}

}  // namespace qtap
