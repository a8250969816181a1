// SPDX-License-Identifier: Apache-2.0
// A configuration as the code uses it: typed, complete, checked. docs/options.md says what each
// means.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/connection.h"
#include "model/store_settings.h"

namespace qtap {

enum class CaptureSource : uint8_t { kLive, kReplay, kFeed };

// A rule as it is written, and where: how errors and warnings about it begin.
struct RuleText {
  std::string name;
  std::string expr;
  std::string key;    // "stacks.main.plugins[1].config.rules[2]"
  std::string place;  // "NAME:LINE:COLUMN: " of a document, else ""
};

struct PluginRule {
  RuleText text;
  std::string level;   // http_capture: level; access_logs: mode
  std::string format;  // http_capture; "" = that of the plugin
};

struct PluginSettings {
  std::string type;
  std::string level;  // http_capture
  std::string mode;   // access_logs
  std::string format;
  std::string object_min_level;  // http_capture
  std::string header_list;       // http_capture
  bool decode_body = false;      // http_capture
  std::vector<PluginRule> rules;
};

struct Settings {
  std::string agent_name;
  std::vector<StoreSettings> event_stores;
  std::vector<StoreSettings> object_stores;
  std::vector<PluginSettings> plugins;  // of the stack that tap.http.stack names
  std::vector<RuleText> macros;
  std::vector<RuleText> idle_rules;  // of other stacks and disabled plugins: checked, not used

  struct {
    FlowDirection direction = FlowDirection::kUnknown;  // kUnknown = all
    bool ignore_loopback = false;
    bool audit_include_dns = false;
  } tap;
  struct {
    bool keep_query = false;
    std::string hash_key;
    int64_t connection_first_ns = 0;
    int64_t connection_interval_ns = 0;
  } events;
  struct {
    CaptureSource source = CaptureSource::kLive;
    std::string replay_file;
    std::string record_file;
    bool openssl = true;  // capture.tls_probes
    uint64_t body_buffer = 0;
    uint64_t message_buffer = 0;
    uint64_t ring_bytes = 0;  // of each of the shards
    uint32_t shards = 1;
    uint64_t process_budget = 0;  // nanoseconds of CPU per second; 0 = none
    uint64_t total_budget = 0;
  } capture;
  struct {
    uint64_t connections = 0;
    uint32_t streams_per_connection = 0;
    uint64_t header_bytes = 0;
    int64_t transaction_idle_ns = 0;
    uint64_t decoded_bytes = 0;
    uint64_t decode_ratio = 0;
  } limits;
  struct {
    DeliverySettings delivery;  // of stores that are not configured here: the host's
    int64_t flush_timeout_ns = 0;
  } sink;
  uint32_t worker_threads = 1;
  bool log_libbpf = true;
  uint64_t id_seed = 0;
  std::vector<std::string> warnings;
};

}  // namespace qtap
