// SPDX-License-Identifier: Apache-2.0
#include "sink/clickhouse.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "net/gzip.h"
#include "s3/uri.h"
#include "sink/clickhouse_rows.h"
#include "sink/clickhouse_tables.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

// ErrorCodes.cpp of ClickHouse.
constexpr std::string_view kUnknownSetting = "115";

// "Code: 60. DB::Exception: Table qtap.request does not exist. (UNKNOWN_TABLE)": without the parts
// that quote what was sent.
std::string reason(std::string_view body) {
  for (const std::string_view quote :
       {" before: ", ": (while ", ": (at row ", ": While ", " Row 1:"}) {
    body = body.substr(0, body.find(quote));
  }
  return short_line(body);
}

class Clickhouse final : public EventProtocol {
 public:
  explicit Clickhouse(const ClickhouseOptions& options) : options_(options) {
    request_.method = "POST";
    request_.url = options.endpoint + "/?database=" + s3::uri_encode(options.database);
    request_.fields = {"X-ClickHouse-User: " + options.username};
    if (!options.password.empty()) {
      request_.fields.push_back("X-ClickHouse-Key: " + options.password);
    }
    if (!options.create_tables) return;
    statements_ = clickhouse_tables(options.table_prefix, options.retention_days);
  }

  std::vector<net::Request> preparations() const override;
  std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                         std::vector<Status>& outcomes) override;
  Verdict judge(const Result<net::Reply>& reply, size_t count) override;

 private:
  struct Batch {
    std::string table;
    std::string rows;
    std::vector<size_t> indices;
  };
  Result<EventRequest> insert(Batch batch) const;

  const ClickhouseOptions options_;
  net::Request request_;
  std::vector<std::string> statements_;
  bool is_old_ = false;  // it does not know the settings of later versions
};

std::vector<net::Request> Clickhouse::preparations() const {
  std::vector<net::Request> requests(statements_.size(), request_);
  for (size_t i = 0; i < requests.size(); ++i) requests[i].body = statements_[i];
  return requests;
}

Result<EventRequest> Clickhouse::insert(Batch batch) const {
  EventRequest made;
  made.request = request_;
  made.request.url +=
      "&query=" + s3::uri_encode("INSERT INTO `" + batch.table + "` FORMAT JSONEachRow") +
      "&date_time_input_format=best_effort&input_format_skip_unknown_fields=1";
  if (!is_old_) {
    if (options_.async_insert) made.request.url += "&async_insert=1&wait_for_async_insert=1";
    made.request.url += "&insert_deduplication_token=" + sha256_hex(batch.rows);
  }
  if (options_.gzip) {
    QTAP_TRY(made.body, net::gzip(batch.rows));
    made.request.fields.push_back("Content-Encoding: gzip");
  } else {
    made.body = std::move(batch.rows);
  }
  made.indices = std::move(batch.indices);
  return made;
}

std::vector<EventRequest> Clickhouse::requests_for(std::span<const Ref<Event>> events,
                                                   std::vector<Status>& outcomes) {
  std::vector<Batch> batches;
  for (size_t i = 0; i < events.size(); ++i) {
    const std::string table = options_.table_prefix + events[i]->type;
    auto batch = std::find_if(batches.begin(), batches.end(),
                              [&](const Batch& one) { return one.table == table; });
    if (batch == batches.end()) batch = batches.insert(batch, {table, {}, {}});
    if (append_clickhouse_row(*events[i], batch->rows)) {
      batch->indices.push_back(i);
    } else {
      outcomes[i] = events_refused("an event is no JSON object");
    }
  }
  std::vector<EventRequest> requests;
  for (Batch& batch : batches) {
    if (batch.indices.empty()) continue;
    const std::vector<size_t> indices = batch.indices;
    Result<EventRequest> request = insert(std::move(batch));
    if (request.ok()) {
      requests.push_back(*std::move(request));
      continue;
    }
    for (const size_t i : indices) outcomes[i] = events_delayed(request.error().text);
  }
  return requests;
}

Verdict Clickhouse::judge(const Result<net::Reply>& reply, size_t) {
  Verdict verdict;
  if (!reply.ok()) {
    verdict.status = send_outcome(reply, "");
    return verdict;
  }
  const std::string_view body = reply->body;
  const bool is_error = reply->status >= 300;
  const bool is_about_settings =
      is_error && (reply->field("x-clickhouse-exception-code") == kUnknownSetting ||
                   body.starts_with("Code: " + std::string(kUnknownSetting)));
  verdict.status = send_outcome(reply, reason(body));
  // What fails after the head of the answer was sent is told in its body.
  if (!is_error && body.starts_with("Code: ")) verdict.status = events_refused(reason(body));
  if (is_about_settings) {
    is_old_ = true;
    verdict.status = events_delayed(reason(body));
  }
  return verdict;
}

}  // namespace

std::unique_ptr<EventProtocol> make_clickhouse(const ClickhouseOptions& options) {
  return std::make_unique<Clickhouse>(options);
}

}  // namespace qtap::sink
