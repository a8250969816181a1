// SPDX-License-Identifier: Apache-2.0
#include "sink/otlp_export.h"

#include <time.h>

#include <utility>

#include "base/clock.h"
#include "net/gzip.h"
#include "sink/otlp_encode.h"
#include "sink/otlp_reply.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

// All events in one request; its body is protobuf as it is.
EventRequest protobuf_of(const OtlpOrigin& origin, std::span<const Ref<Event>> events,
                         std::vector<Status>& outcomes) {
  const int64_t now_ns = clock_ns(CLOCK_REALTIME);
  EventRequest made;
  std::vector<OtlpLog> logs;
  for (size_t i = 0; i < events.size(); ++i) {
    std::optional<OtlpLog> log = otlp_log(*events[i], now_ns);
    if (!log) {
      outcomes[i] = events_refused("an event is no JSON object");
      continue;
    }
    logs.push_back(*std::move(log));
    made.indices.push_back(i);
  }
  made.body = otlp_protobuf(origin, logs);
  return made;
}

// What a service that took the request says of those that it did not take.
void add_refusals(Verdict& verdict, std::string_view response, size_t count) {
  const OtlpRefusals refusals = read_otlp_refusals(response);
  verdict.refused = std::min<size_t>(refusals.count, count);
  verdict.why = refusals.why.empty() ? "no reason was given" : short_line(refusals.why);
}

class OtlpHttp final : public EventProtocol {
 public:
  explicit OtlpHttp(const OtlpOptions& options) : origin_(options.origin) {
    request_.method = "POST";
    request_.url = options.url;
    request_.fields = options.fields;
    request_.fields.push_back("Content-Type: application/x-protobuf");
    request_.fields.push_back("Content-Encoding: gzip");
  }

  std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                         std::vector<Status>& outcomes) override {
    std::vector<EventRequest> made;
    EventRequest one = protobuf_of(origin_, events, outcomes);
    if (one.indices.empty()) return made;
    Result<std::string> packed = net::gzip(one.body);
    if (!packed.ok()) {
      for (const size_t i : one.indices) outcomes[i] = events_delayed(packed.error().text);
      return made;
    }
    one.body = *std::move(packed);
    one.request = request_;
    made.push_back(std::move(one));
    return made;
  }

  Verdict judge(const Result<net::Reply>& reply, size_t count) override {
    Verdict verdict;
    verdict.status = send_outcome(reply, reply.ok() ? read_rpc_status(reply->body).message : "");
    if (verdict.status.ok()) add_refusals(verdict, reply->body, count);
    return verdict;
  }

 private:
  const OtlpOrigin origin_;
  net::Request request_;
};

class OtlpGrpc final : public EventProtocol {
 public:
  explicit OtlpGrpc(const OtlpOptions& options) : origin_(options.origin) {
    request_.method = "POST";
    request_.url = options.url + "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    request_.http2 = true;
    request_.fields = options.fields;
    request_.fields.push_back("Content-Type: application/grpc");
    request_.fields.push_back("TE: trailers");
  }

  std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                         std::vector<Status>& outcomes) override {
    std::vector<EventRequest> made;
    EventRequest one = protobuf_of(origin_, events, outcomes);
    if (one.indices.empty()) return made;
    one.body = grpc_message(one.body);
    one.request = request_;
    made.push_back(std::move(one));
    return made;
  }

  Verdict judge(const Result<net::Reply>& reply, size_t count) override;

 private:
  const OtlpOrigin origin_;
  net::Request request_;
};

Verdict OtlpGrpc::judge(const Result<net::Reply>& reply, size_t count) {
  Verdict verdict;
  verdict.status = send_outcome(reply, "");
  if (!verdict.status.ok()) return verdict;
  const GrpcOutcome outcome = read_grpc_outcome(*reply);
  if (outcome.is_ok) {
    add_refusals(verdict, outcome.message, count);
    return verdict;
  }
  verdict.status = outcome.may_retry ? events_delayed(outcome.text) : events_refused(outcome.text);
  verdict.wait = outcome.wait;
  return verdict;
}

}  // namespace

std::unique_ptr<EventProtocol> make_otlp_http(const OtlpOptions& options) {
  return std::make_unique<OtlpHttp>(options);
}

std::unique_ptr<EventProtocol> make_otlp_grpc(const OtlpOptions& options) {
  return std::make_unique<OtlpGrpc>(options);
}

}  // namespace qtap::sink
