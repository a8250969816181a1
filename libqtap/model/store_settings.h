// SPDX-License-Identifier: Apache-2.0
// Settings of one store; docs/options.md says what each means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qtap {

// What all stores have: `sink.*`, or in its place the same below the store.
struct DeliverySettings {
  uint64_t queue_bytes = 0;
  bool drops_oldest = false;  // queue_full
  uint32_t max_attempts = 0;
  int64_t first_retry_ns = 0;
  int64_t max_retry_ns = 0;
  // Over the network:
  int64_t timeout_ns = 0;
  std::string spool_dir;  // "" = none
  uint64_t spool_bytes = 0;
  bool skips_verify = false;
  std::string ca_file;
  // Events over the network:
  uint64_t batch_events = 0;
  int64_t batch_wait_ns = 0;
};

// services.event_stores[] of type file.
struct EventFileSettings {
  std::string path;
  uint64_t rotate_bytes = 0;
  int64_t rotate_age_ns = 0;  // 0: at any age
  uint32_t rotate_keep = 0;
  std::string fsync;  // "never", "interval", "always"
};

// services.event_stores[] of type clickhouse.
struct ClickhouseSettings {
  std::string endpoint;
  std::string database;
  std::string username;
  std::string password;
  std::string table_prefix;
  bool async_insert = false;
  bool create_tables = false;
  uint32_t retention_days = 0;
  std::string compression;  // "gzip", "none"
};

// services.event_stores[] of type otel.
struct OtelSettings {
  std::string protocol;  // "grpc", "http", "stdout"
  std::string endpoint;  // as written: a scheme may stand before the host, a path behind it
  std::string service_name;
  std::string environment;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<bool> tls;  // tls.enabled; none: as the endpoint says
};

// services.event_stores[] of type pulse.
struct PulseSettings {
  std::string endpoint;
  std::string token;
};

// services.event_stores[] of type axiom.
struct AxiomSettings {
  std::string url;
  std::string token;
  std::string dataset;
};

// services.object_stores[] of type s3.
struct S3Settings {
  std::string bucket;
  std::string endpoint;  // as written: a scheme may stand before the host
  std::string region;
  bool insecure = false;
  std::string access_key;  // both or neither
  std::string secret_key;
  std::string addressing;
  std::string sse;
  std::string kms_key_id;
  std::string acl;
};

// services.object_stores[] of type azure_blob.
struct AzureSettings {
  std::string account;
  std::string container;
  std::string endpoint;  // "" = the account's; a scheme before the host, a path behind it
  bool insecure = false;
  std::string shared_key;  // one of them
  std::string sas_token;
};

// services.object_stores[] of type gcs.
struct GcsSettings {
  std::string bucket;
  std::string endpoint;  // a scheme may stand before the host
  bool insecure = false;
  std::string credentials;  // of a service account: path, or JSON; "" = the metadata server's
};

// What all stores of objects have.
struct ObjectSettings {
  bool names_by_sha1 = false;  // digest
  bool has_record = true;      // event_store.disabled
  std::string record_store;    // event_store.id; "" = all
  // Over the network:
  std::string access_url;
  std::string object_key;
};

struct StoreSettings {
  std::string type;  // one of the option table
  std::string id;
  DeliverySettings delivery;
  ObjectSettings objects;  // services.object_stores[]
  std::string dir;         // file
  bool bodies = false;     // file
  uint64_t max_bytes = 0;  // file; 0 = no limit, as for the next
  int64_t max_age_ns = 0;
  S3Settings s3;
  AzureSettings azure;
  GcsSettings gcs;
  EventFileSettings event_file;
  ClickhouseSettings clickhouse;
  OtelSettings otel;
  AxiomSettings axiom;
  PulseSettings pulse;
};

}  // namespace qtap
