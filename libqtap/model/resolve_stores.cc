// SPDX-License-Identifier: Apache-2.0
#include "model/resolve_stores.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/place.h"
#include "base/suggest.h"
#include "model/config_check.h"
#include "model/option_key.h"

namespace qtap {
namespace {

// One element of a list of stores.
class StoreReader {
 public:
  StoreReader(const OptionReader& options, std::string element, const WarnFn& warn)
      : options_(options),
        element_(std::move(element)),
        type_(options_.text(element_ + "type")),
        warn_(warn) {}

  StoreSettings read(size_t index) {
    StoreSettings store;
    store.type = type_;
    const std::string id = text("id");
    const bool has_id = options_.config().find(element_ + "id") != nullptr;
    store.id = has_id ? id : type_ + "-" + std::to_string(index);
    store.delivery = delivery();
    if (element_.starts_with("services.object_stores")) store.objects = objects();
    store.dir = text("dir");
    store.bodies = is_true("bodies");
    store.max_bytes = parse_size(text("max_bytes"));
    store.max_age_ns = parse_duration_ns(text("max_age"));
    if (type_ == "s3") store.s3 = s3();
    if (type_ == "azure_blob") store.azure = azure();
    if (type_ == "gcs") store.gcs = gcs();
    if (type_ == "file" && has("path")) store.event_file = event_file();
    if (type_ == "clickhouse") store.clickhouse = clickhouse();
    if (type_ == "otel") store.otel = otel();
    if (type_ == "pulse") {
      store.pulse = {.endpoint = has("endpoint") ? text("endpoint") : text("url"),
                     .token = text("token")};
    }
    if (type_ == "axiom") store.axiom = axiom();
    return store;
  }

  DeliverySettings delivery() const {
    DeliverySettings d;
    d.queue_bytes = parse_size(text("queue_bytes"));
    d.drops_oldest = text("queue_full") == "drop_oldest";
    d.max_attempts = static_cast<uint32_t>(parse_number(text("retry.max_attempts")));
    d.first_retry_ns = parse_duration_ns(text("retry.first"));
    d.max_retry_ns = parse_duration_ns(text("retry.max"));
    d.timeout_ns = has("timeout") ? parse_duration_ns(text("timeout")) : 0;
    d.spool_dir = text("spool.dir");
    d.spool_bytes = has("spool.max_bytes") ? parse_size(text("spool.max_bytes")) : 0;
    d.skips_verify = is_true("tls.insecure_skip_verify");
    d.ca_file = text("tls.ca_file");
    d.batch_events = has("batch.max_events") ? parse_number(text("batch.max_events")) : 0;
    d.batch_wait_ns = has("batch.max_wait") ? parse_duration_ns(text("batch.max_wait")) : 0;
    if (d.skips_verify) {
      const std::string key = element_ + "tls.insecure_skip_verify";
      warn_("QT166", key,
            std::string(display_key(key)) + ": anybody may read what is sent; use tls.ca_file");
    }
    return d;
  }

 private:
  std::string text(const char* key) const { return options_.text(element_ + key, type_); }
  bool is_true(const char* key) const { return text(key) == "true"; }
  bool has(const char* key) const { return !text(key).empty(); }

  EventFileSettings event_file() const {
    return {.path = text("path"),
            .rotate_bytes = parse_size(text("rotate_bytes")),
            .rotate_age_ns = parse_duration_ns(text("rotate_age")),
            .rotate_keep = static_cast<uint32_t>(parse_number(text("rotate_keep"))),
            .fsync = text("fsync")};
  }

  ClickhouseSettings clickhouse() const {
    return {.endpoint = text("endpoint"),
            .database = text("database"),
            .username = text("username"),
            .password = text("password"),
            .table_prefix = text("table_prefix"),
            .async_insert = is_true("async_insert"),
            .create_tables = is_true("create_tables"),
            .retention_days = static_cast<uint32_t>(parse_number(text("retention_days"))),
            .compression = text("compression")};
  }

  OtelSettings otel() const {
    OtelSettings s = {.protocol = text("protocol"),
                      .endpoint = has("endpoint") ? text("endpoint") : text("otel_endpoint"),
                      .service_name = text("service_name"),
                      .environment = text("environment"),
                      .headers = {},
                      .tls = {}};
    const std::string headers = element_ + "headers.";
    const Config::Entries& entries = options_.config().entries();
    for (auto it = entries.lower_bound(headers);
         it != entries.end() && it->first.starts_with(headers); ++it) {
      if (!it->second.value.empty()) {
        s.headers.emplace_back(it->first.substr(headers.size()), it->second.value);
      }
    }
    if (text("tls.enabled") != "auto") s.tls = is_true("tls.enabled");
    return s;
  }

  AxiomSettings axiom() const {
    return {.url = text("url"), .token = text("token"), .dataset = text("dataset")};
  }

  S3Settings s3() const {
    return {.bucket = text("bucket"),
            .endpoint = text("endpoint"),
            .region = text("region"),
            .insecure = is_true("insecure"),
            .access_key = text("access_key"),
            .secret_key = text("secret_key"),
            .addressing = text("addressing"),
            .sse = text("sse"),
            .kms_key_id = text("kms_key_id"),
            .acl = text("acl")};
  }

  AzureSettings azure() const {
    return {.account = text("account"),
            .container = text("container"),
            .endpoint = text("endpoint"),
            .insecure = is_true("insecure"),
            .shared_key = text("shared_key"),
            .sas_token = text("sas_token")};
  }

  GcsSettings gcs() const {
    return {.bucket = text("bucket"),
            .endpoint = text("endpoint"),
            .insecure = is_true("insecure"),
            .credentials = text("credentials")};
  }

  ObjectSettings objects() const {
    check_placeholders("access_url", {"SCHEME", "ENDPOINT", "BUCKET", "KEY", "DIGEST"});
    check_placeholders("object_key", {"DIGEST", "TYPE", "DATE", "HOST"});
    return {.names_by_sha1 = text("digest") == "sha1",
            .has_record = !is_true("event_store.disabled"),
            .record_store = text("event_store.id"),
            .access_url = text("access_url"),
            .object_key = text("object_key")};
  }

  void check_placeholders(const char* word, std::initializer_list<std::string_view> known) const {
    const std::string key = element_ + word;
    const std::string value = text(word);
    for (const std::string_view name : placeholders_in(value)) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      warn_("QT190", key,
            std::string(display_key(key)) + ": {{" + std::string(name) +
                "}} is no placeholder and stays as it is" +
                did_you_mean(name, std::vector<std::string_view>(known)));
    }
  }

  const OptionReader& options_;
  const std::string element_;  // "services.object_stores[0]."
  const std::string type_;
  const WarnFn& warn_;
};

}  // namespace

std::vector<StoreSettings> resolve_stores(const OptionReader& options, const std::string& list,
                                          const WarnFn& warn) {
  std::vector<StoreSettings> stores;
  for (const size_t i : indices_of(options.config().entries(), list)) {
    const std::string element = list + "[" + std::to_string(i) + "].";
    if (options.text(element + "type") == "disabled") continue;
    stores.push_back(StoreReader(options, element, warn).read(i));
  }
  return stores;
}

DeliverySettings resolve_delivery(const OptionReader& options) {
  return StoreReader(options, "sink.", [](MessageId, const std::string&, const std::string&) {})
      .delivery();
}

}  // namespace qtap
