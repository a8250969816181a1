// SPDX-License-Identifier: Apache-2.0
#include "sink/clickhouse_tables.h"

namespace qtap::sink {
namespace {

struct Table {
  const char* name;
  const char* engine;
  const char* order;
  const char* columns;
};

// Replacing: a batch that was inserted twice is there once, at the latest when it is read FINAL.
constexpr Table kTables[] = {
    {"connection", "ReplacingMergeTree(part)", "toDate(timestamp), connection_id",
     R"(
  timestamp DateTime64(9,'UTC'), reported_at DateTime64(9,'UTC'), closed_at Nullable(DateTime64(9,'UTC')),
  connection_id String, endpoint_id String, part UInt32, finalized Bool,
  direction LowCardinality(String), socket_protocol LowCardinality(String), l7_protocol LowCardinality(String),
  tls_version UInt16, tls_state LowCardinality(String), tls_sni String, tls_alpn Array(LowCardinality(String)), tls_cipher LowCardinality(String),
  tls_probe_types_detected Array(LowCardinality(String)), tls_probe_introspected Bool,
  agent_hostname LowCardinality(String), agent_name LowCardinality(String), agent_instance String,
  local_ip String, local_port UInt16, remote_ip String, remote_port UInt16,
  hostname LowCardinality(String), exe LowCardinality(String), pid UInt32, user LowCardinality(String), user_id UInt32,
  container_id String, container_name LowCardinality(String), container_image LowCardinality(String),
  pod_name String, pod_namespace LowCardinality(String),
  bytes_sent UInt64, bytes_received UInt64, lost_bytes UInt64,
  connect_us Nullable(UInt64), tls_handshake_us Nullable(UInt64),
  labels Array(String), tags Map(LowCardinality(String), Array(String)))"},
    {"request", "ReplacingMergeTree", "toDate(timestamp), endpoint_id, request_id",
     R"(
  timestamp DateTime64(9,'UTC'), connection_id String, request_id String, endpoint_id String,
  direction LowCardinality(String), protocol LowCardinality(String), method LowCardinality(String), url String, path String,
  status Nullable(UInt16), duration_ms Nullable(UInt64), duration_us Nullable(UInt64), ttfb_us Nullable(UInt64),
  content_type LowCardinality(String), category LowCardinality(String), agent String, bytes_sent UInt64, bytes_received UInt64,
  auth_token_mask String, auth_token_hash String, auth_token_source LowCardinality(String), auth_token_type LowCardinality(String),
  grpc_service LowCardinality(String), grpc_method LowCardinality(String), grpc_status Nullable(UInt8), grpc_status_name LowCardinality(String),
  truncated Bool, missing_bytes Nullable(UInt64), objects Array(Tuple(type LowCardinality(String), digest String, url String)),
  tls_probe_types_detected Array(LowCardinality(String)), tls_probe_introspected Bool, tags Array(LowCardinality(String)))"},
    {"issue", "ReplacingMergeTree", "toDate(timestamp), error, endpoint_id, request_id",
     R"(
  timestamp DateTime64(9,'UTC'), connection_id String, request_id String, endpoint_id String, direction LowCardinality(String),
  error LowCardinality(String), method LowCardinality(String), url String, path String, status Nullable(UInt16),
  trigger_conditions Array(LowCardinality(String)), trigger_reasons Array(String),
  objects Array(Tuple(type LowCardinality(String), digest String, url String)), tags Array(LowCardinality(String)))"},
    {"pii_entity", "ReplacingMergeTree",
     "toDate(timestamp), entity_type, request_id, field_path, value_hash",
     R"(
  timestamp DateTime64(9,'UTC'), connection_id String, request_id String, endpoint_id String, direction LowCardinality(String),
  entity_type LowCardinality(String), score Float32, entity_source LowCardinality(String), field_path String, value_hash String,
  request_method LowCardinality(String), request_path String, tags Array(LowCardinality(String)))"},
    {"artifact_record", "ReplacingMergeTree", "toDate(timestamp), request_id, type, digest, store",
     R"(
  timestamp DateTime64(9,'UTC'), connection_id String, request_id String, endpoint_id String, direction LowCardinality(String),
  type LowCardinality(String), digest String, url String, store LowCardinality(String), size UInt64, content_type LowCardinality(String),
  stored Bool, error String, summary Map(LowCardinality(String), String), tags Array(LowCardinality(String)))"},
};

}  // namespace

std::vector<std::string> clickhouse_tables(const std::string& table_prefix,
                                           uint32_t retention_days) {
  std::vector<std::string> statements;
  for (const Table& table : kTables) {
    statements.push_back(
        "CREATE TABLE IF NOT EXISTS `" + table_prefix + table.name + "` (" + table.columns +
        "\n) ENGINE = " + table.engine + "\nPARTITION BY toYYYYMM(timestamp)\nORDER BY (" +
        table.order + ")\nTTL toDateTime(timestamp) + INTERVAL " + std::to_string(retention_days) +
        // Batches whose tokens it knows are not inserted again.
        " DAY\nSETTINGS non_replicated_deduplication_window = 1000");
  }
  return statements;
}

}  // namespace qtap::sink
