// SPDX-License-Identifier: Apache-2.0
#include "model/store_options.h"

#include <deque>
#include <iterator>
#include <string>
#include <string_view>

#include "model/option_units.h"

namespace qtap {
namespace {

using enum OptionType;

constexpr std::string_view kSink = "sink.";
constexpr std::string_view kEventStores = "services.event_stores[].";
constexpr std::string_view kObjectStores = "services.object_stores[].";

// Those that are reached over the network.
constexpr const char* kRemoteEventStores = "clickhouse, otel, axiom, pulse";
constexpr const char* kRemoteObjectStores = "s3, gcs, azure_blob";

// clang-format off
constexpr Option kEventOptions[] = {
    {.key = "services.event_stores[].type", .type = kWord, .words = "stdout, file, clickhouse, otel, axiom, pulse, disabled",
     .required = true,
     .help = "Where events go: `stdout` prints one JSON line per event, `file` appends them to a file that is "
             "rotated, `clickhouse` inserts them into tables, `otel` sends them as logs of OpenTelemetry, `axiom` and `pulse` to those services."},
    {.key = "services.event_stores[].id", .type = kText, .default_text = "<type>-<index>",
     .help = "Name of the store in logs and records; unique."},
    {.key = "services.event_stores[].path", .type = kPath, .applies = "file", .required = true,
     .help = "File of the events, one JSON line each, mode 0600; directories above it are made when missing."},
    {.key = "services.event_stores[].rotate_bytes", .type = kSize, .default_text = "100mb", .min = kKiB,
     .max = 1024 * kGiB, .applies = "file",
     .help = "A file that would become longer is renamed `<path>.1`, that one `<path>.2`, and so on."},
    {.key = "services.event_stores[].rotate_age", .type = kDuration, .default_text = "0s", .max = 3660 * kDay,
     .applies = "file", .help = "The same for a file that is older when an event comes; 0: at any age."},
    {.key = "services.event_stores[].rotate_keep", .type = kInt, .default_text = "5", .max = 1000, .applies = "file",
     .help = "How many renamed files are kept; 0: a full file is removed."},
    {.key = "services.event_stores[].fsync", .type = kWord, .default_text = "interval",
     .words = "never, interval, always", .applies = "file",
     .help = "When the disk is asked to have it: after every write, after one write a second, or never; `interval` "
             "and `always` also at a flush and at the end."},
    {.key = "services.event_stores[].endpoint", .type = kText, .default_text = "http://127.0.0.1:8123",
     .applies = "clickhouse", .help = "The HTTP interface of the server."},
    {.key = "services.event_stores[].database", .type = kText, .default_text = "qtap", .applies = "clickhouse",
     .help = "The database; it must exist."},
    {.key = "services.event_stores[].username", .type = kText, .default_text = "default", .applies = "clickhouse",
     .help = "A user who may insert, and create tables if asked to."},
    {.key = "services.event_stores[].password", .type = kSecret, .applies = "clickhouse", .help = "Password of that user."},
    {.key = "services.event_stores[].table_prefix", .type = kText, .applies = "clickhouse",
     .help = "Stands before the names of the tables: letters, digits and `_`."},
    {.key = "services.event_stores[].async_insert", .type = kBool, .default_text = "true", .applies = "clickhouse",
     .help = "The server collects inserts of several senders, and answers when it has written them."},
    {.key = "services.event_stores[].create_tables", .type = kBool, .default_text = "false", .applies = "clickhouse",
     .help = "Makes the tables that are missing, before the first events."},
    {.key = "services.event_stores[].retention_days", .type = kInt, .default_text = "30", .min = 1, .max = 36'500,
     .applies = "clickhouse", .help = "Age at which rows of tables that were made so are removed."},
    {.key = "services.event_stores[].compression", .type = kWord, .default_text = "gzip", .words = "gzip, none",
     .applies = "clickhouse", .help = "Of what is sent."},
    {.key = "services.event_stores[].batch.max_events", .type = kInt, .default_text = "10000", .min = 1, .max = 100'000,
     .applies = "clickhouse", .falls_back = "sink.batch.max_events", .help = "Events in one insert at most."},
    {.key = "services.event_stores[].protocol", .type = kWord, .default_text = "grpc", .words = "grpc, http, stdout",
     .applies = "otel", .help = "How logs go: OTLP over gRPC or over HTTP, or its JSON form on standard output."},
    {.key = "services.event_stores[].endpoint", .type = kText, .applies = "otel", .expands = true,
     .help = "The receiver: host:port or a URL; none: `localhost:4317`, for `http` `localhost:4318`, to whose path "
             "`/v1/logs` is added."},
    {.key = "services.event_stores[].otel_endpoint", .type = kText, .applies = "otel", .expands = true,
     .help = "Another word for `endpoint`."},
    {.key = "services.event_stores[].service_name", .type = kText, .default_text = "qtap", .applies = "otel",
     .help = "`service.name` of the resource."},
    {.key = "services.event_stores[].environment", .type = kText, .default_text = "production", .applies = "otel",
     .help = "`deployment.environment` of the resource."},
    {.key = "services.event_stores[].headers.*", .type = kSecret, .applies = "otel", .expands = true,
     .help = "A header field of each request, by its name: tokens for instance."},
    {.key = "services.event_stores[].tls.enabled", .type = kWord, .default_text = "auto",
     .words = "auto, true, false", .applies = "otel",
     .help = "Whether the endpoint speaks TLS; `auto`: as its scheme says, without one everywhere but on loopback."},
    {.key = "services.event_stores[].token", .type = kSecret, .applies = "axiom", .required = true,
     .help = "API token that may ingest into the dataset."},
    {.key = "services.event_stores[].token", .type = kSecret, .applies = "pulse", .required = true,
     .help = "Token of the account."},
    {.key = "services.event_stores[].endpoint", .type = kText, .applies = "pulse",
     .help = "URL of the service; it must be set."},
    {.key = "services.event_stores[].allow_insecure", .type = kBool, .default_text = "false", .applies = "pulse",
     .help = "Take an `http://` endpoint on another machine: anybody in between may then read the token."},
    {.key = "services.event_stores[].url", .type = kText, .applies = "pulse", .help = "Another word for `endpoint`."},
    {.key = "services.event_stores[].dataset", .type = kSecret, .default_text = "qtap-events", .applies = "axiom",
     .help = "The dataset; it must exist."},
    {.key = "services.event_stores[].url", .type = kText, .default_text = "https://api.axiom.co", .applies = "axiom",
     .help = "Where Axiom is; for the EU `https://api.eu.axiom.co`."},
};

constexpr Option kObjectOptions[] = {
    {.key = "services.object_stores[].type", .type = kWord, .words = "stdout, file, s3, gcs, azure_blob, disabled",
     .later_words = "otel", .required = true,
     .help = "Where objects go: `stdout` prints them, `file` writes one file each, `s3` puts one object each into a "
             "bucket of S3 or of anything that speaks its protocol, `gcs` into one of Google's cloud, `azure_blob` into a container of Azure."},
    {.key = "services.object_stores[].id", .type = kText, .default_text = "<type>-<index>",
     .help = "Name of the store in logs and records; unique."},
    {.key = "services.object_stores[].digest", .type = kWord, .default_text = "sha256", .words = "sha256, sha1",
     .help = "What objects are named by, here and in the records of this store."},
    {.key = "services.object_stores[].event_store.id", .type = kText,
     .help = "The one event store that gets the `artifact_record` of each object; without it all do. The host's "
             "callback gets it anyway."},
    {.key = "services.object_stores[].event_store.disabled", .type = kBool, .default_text = "false",
     .help = "No `artifact_record` for objects of this store, neither to event stores nor to the host."},
    {.key = "services.object_stores[].dir", .type = kPath, .applies = "file", .required = true,
     .help = "Directory of the objects, `<dir>/<first two hex digits>/<digest>`; made when missing."},
    {.key = "services.object_stores[].bodies", .type = kBool, .default_text = "false", .applies = "file",
     .help = "Also bodies of any length, at level `full`, as they pass: `<dir>/bodies/<request id>.request` and "
             "`.response`; `.part` while in transfer, `.truncated` when bytes are missing, which are a hole."},
    {.key = "services.object_stores[].max_bytes", .type = kSize, .default_text = "0", .applies = "file",
     .help = "The oldest objects are removed while all have more bytes than this; also those of earlier runs, never "
             "files with other names, nor `bodies`. 0 = no limit."},
    {.key = "services.object_stores[].max_age", .type = kDuration, .default_text = "0", .applies = "file",
     .help = "Objects that are older are removed: at the start, whenever one is stored, and at each flush. 0 = never."},
    {.key = "services.object_stores[].bucket", .type = kText, .applies = "s3, gcs", .required = true,
     .help = "The bucket; it must exist. `s3:PutObject` on it (gcs: `storage.objects.create`) is all that is needed."},
    {.key = "services.object_stores[].endpoint", .type = kText, .default_text = "s3.amazonaws.com", .applies = "s3",
     .help = "Host or host:port of the service; a scheme is accepted."},
    {.key = "services.object_stores[].region", .type = kText, .default_text = "us-east-1", .applies = "s3",
     .help = "Region that requests are signed for."},
    {.key = "services.object_stores[].endpoint", .type = kText, .default_text = "storage.googleapis.com", .applies = "gcs",
     .help = "Host or host:port of the service; a scheme is accepted."},
    {.key = "services.object_stores[].region", .type = kText, .applies = "gcs", .help = "For readers; nothing uses it."},
    {.key = "services.object_stores[].credentials", .type = kSecret, .applies = "gcs",
     .help = "Path of a service account's JSON file, or the JSON itself. Without it tokens come from the metadata server "
             "of the machine."},
    {.key = "services.object_stores[].account", .type = kText, .applies = "azure_blob", .required = true,
     .help = "The storage account."},
    {.key = "services.object_stores[].container", .type = kText, .applies = "azure_blob", .required = true,
     .help = "The container; it must exist."},
    {.key = "services.object_stores[].endpoint", .type = kText, .applies = "azure_blob",
     .help = "Host or host:port of the service, `<account>.blob.core.windows.net` if there is none; a scheme is "
             "accepted, and a path that names the account."},
    {.key = "services.object_stores[].shared_key", .type = kSecret, .applies = "azure_blob",
     .help = "The account's key, in base64; or `sas_token`."},
    {.key = "services.object_stores[].sas_token", .type = kSecret, .applies = "azure_blob",
     .help = "Shared access signature; it must allow to create (`c`) and write (`w`)."},
    {.key = "services.object_stores[].insecure", .type = kBool, .default_text = "false",
     .applies = kRemoteObjectStores,
     .help = "Plain HTTP instead of HTTPS."},
    {.key = "services.object_stores[].access_key", .type = kSecret, .applies = "s3",
     .help = "Access key id; with `secret_key`. Without both: what AWS's tools would find, see docs/s3.md."},
    {.key = "services.object_stores[].secret_key", .type = kSecret, .applies = "s3", .help = "Secret access key."},
    {.key = "services.object_stores[].addressing", .type = kWord, .default_text = "auto",
     .words = "auto, path, virtual", .applies = "s3",
     .help = "Where the bucket is named: in the `path`, or in the host (`virtual`); `auto`: in the host at "
             "amazonaws.com, else in the path."},
    {.key = "services.object_stores[].sse", .type = kWord, .default_text = "none", .words = "none, AES256, aws:kms",
     .applies = "s3", .help = "Encryption at rest that the service is asked for."},
    {.key = "services.object_stores[].kms_key_id", .type = kText, .applies = "s3",
     .help = "Key for `aws:kms`; without it the bucket's own."},
    {.key = "services.object_stores[].acl", .type = kText, .applies = "s3",
     .help = "Canned ACL of each object; needs `s3:PutObjectAcl` as well."},
    {.key = "services.object_stores[].access_url", .type = kText,
     .default_text = "{{SCHEME}}://{{ENDPOINT}}/{{BUCKET}}/{{KEY}}", .applies = kRemoteObjectStores,
     .help = "Where records say that the object is; `{{DIGEST}}` too, `{{BUCKET}}` may be a container. Nothing signs it: who may read is the "
             "bucket's policy."},
    {.key = "services.object_stores[].object_key", .type = kText, .default_text = "{{DIGEST}}",
     .applies = kRemoteObjectStores,
     .help = "Key of an object, with folders if wanted; must hold `{{DIGEST}}`, may hold `{{TYPE}}`, "
             "`{{DATE}}` (`2026/03/01`, of the request, UTC) and `{{HOST}}` (this machine)."},
};

// What each store has of its own, and `sink.` for all of them. Names without what they stand below.
constexpr Option kDelivery[] = {
    {.key = "queue_bytes", .type = kSize, .default_text = "64mb", .min = kMiB, .max = 16 * kGiB,
     .help = "Bound of the queue; what does not fit is dropped and counted."},
    {.key = "queue_full", .type = kWord, .default_text = "drop_newest", .words = "drop_newest, drop_oldest",
     .help = "What is dropped when the queue is full: what came last, or what has waited longest."},
    {.key = "retry.max_attempts", .type = kInt, .default_text = "8", .min = 1, .max = 1000,
     .help = "Attempts for what a store may take later."},
    {.key = "retry.first", .type = kDuration, .default_text = "200ms", .min = kMs, .max = kDay,
     .help = "Wait before the second attempt; doubles from there."},
    {.key = "retry.max", .type = kDuration, .default_text = "30s", .min = kMs, .max = kDay,
     .help = "Longest wait between two attempts."},
};

// Only where there is a network in between.
constexpr Option kRemoteDelivery[] = {
    {.key = "timeout", .type = kDuration, .default_text = "30s", .min = 100 * kMs, .max = 3600 * kSecond,
     .help = "For one attempt, from connecting to the end of the answer."},
    {.key = "spool.dir", .type = kPath,
     .help = "Directory for what waits while the storage is down or slow, below it one for each store; made when "
             "missing. It survives the end of the process."},
    {.key = "spool.max_bytes", .type = kSize, .default_text = "1gb", .min = kMiB, .max = 16384 * kGiB,
     .help = "Bound of it, for each store; beyond it the oldest are dropped and counted."},
    {.key = "tls.insecure_skip_verify", .type = kBool, .default_text = "false",
     .help = "Take any certificate of the service. For tests: anybody may then read what is sent."},
    {.key = "tls.ca_file", .type = kPath,
     .help = "Certificates that the service's is checked against, instead of the system's."},
};
// Events that go over the network together.
constexpr Option kBatches[] = {
    {.key = "batch.max_events", .type = kInt, .default_text = "512", .min = 1, .max = 100'000,
     .help = "Events in one request at most."},
    {.key = "batch.max_wait", .type = kDuration, .default_text = "1s", .min = kMs, .max = kDay,
     .help = "How long the first of them waits for the others."},
};
// clang-format on

// Rows of keys below one place.
class Rows {
 public:
  void add(std::span<const Option> rows) { rows_.insert(rows_.end(), rows.begin(), rows.end()); }

  // `applies`: types of stores, if it is one.
  void add_below(std::string_view place, std::span<const Option> rows, const char* applies = "") {
    for (Option row : rows) {
      if (place != kSink) {
        row.falls_back = text(kSink, row.key);
        row.default_text = "";
      }
      row.key = text(place, row.key);
      row.applies = applies;
      rows_.push_back(row);
    }
  }

  std::span<const Option> all() const { return rows_; }

 private:
  const char* text(std::string_view place, std::string_view name) {
    return texts_.emplace_back(std::string(place).append(name)).c_str();
  }

  std::deque<std::string> texts_;  // which never move
  std::vector<Option> rows_;
};

}  // namespace

std::span<const Option> store_options() {
  static const Rows rows = [] {
    Rows made;
    made.add(kEventOptions);
    made.add_below(kEventStores, kDelivery);
    made.add_below(kEventStores, kRemoteDelivery, kRemoteEventStores);
    made.add_below(kEventStores, kBatches, kRemoteEventStores);
    made.add(kObjectOptions);
    made.add_below(kObjectStores, kDelivery);
    made.add_below(kObjectStores, kRemoteDelivery, kRemoteObjectStores);
    return made;
  }();
  return rows.all();
}

std::span<const Option> delivery_options() {
  static const Rows rows = [] {
    Rows made;
    made.add_below(kSink, kDelivery);
    made.add_below(kSink, kRemoteDelivery);
    made.add_below(kSink, kBatches);
    return made;
  }();
  return rows.all();
}

}  // namespace qtap
