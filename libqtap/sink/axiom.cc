// SPDX-License-Identifier: Apache-2.0
#include "sink/axiom.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "net/gzip.h"
#include "s3/uri.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

class Axiom final : public EventProtocol {
 public:
  explicit Axiom(const AxiomOptions& options) {
    request_.method = "POST";
    request_.url = options.url + "/v1/datasets/" +
                   s3::uri_encode(options.dataset, s3::Slash::kEncoded) + "/ingest";
    request_.fields = {"Authorization: Bearer " + options.token,
                       "Content-Type: application/x-ndjson", "Content-Encoding: gzip"};
  }

  std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                         std::vector<Status>& outcomes) override;
  Verdict judge(const Result<net::Reply>& reply, size_t count) override;

 private:
  net::Request request_;
};

std::vector<EventRequest> Axiom::requests_for(std::span<const Ref<Event>> events,
                                              std::vector<Status>& outcomes) {
  EventRequest one;
  one.request = request_;
  std::string lines;
  for (size_t i = 0; i < events.size(); ++i) {
    lines.append(events[i]->json).append(1, '\n');
    one.indices.push_back(i);
  }
  Result<std::string> packed = net::gzip(lines);
  if (!packed.ok()) {
    outcomes.assign(events.size(), events_delayed(packed.error().text));
    return {};
  }
  one.body = *std::move(packed);
  std::vector<EventRequest> made;
  made.push_back(std::move(one));
  return made;
}

// {"ingested": 2, "failed": 1, "failures": [{"timestamp": "...", "error": "..."}], ...}
Verdict Axiom::judge(const Result<net::Reply>& reply, size_t count) {
  Verdict verdict;
  verdict.status = send_outcome(reply, reply.ok() ? json_message(reply->body) : "");
  if (!verdict.status.ok()) return verdict;
  simdjson::dom::parser parser;
  simdjson::dom::object said;
  uint64_t failed = 0;
  if (parser.parse(reply->body).get(said) != simdjson::SUCCESS ||
      said["failed"].get(failed) != simdjson::SUCCESS || failed == 0) {
    return verdict;
  }
  verdict.refused = static_cast<size_t>(std::min<uint64_t>(failed, count));
  std::string_view why;
  if (said["failures"].at(0)["error"].get(why) != simdjson::SUCCESS) why = "no reason was given";
  verdict.why = short_line(why);
  return verdict;
}

}  // namespace

std::unique_ptr<EventProtocol> make_axiom(const AxiomOptions& options) {
  return std::make_unique<Axiom>(options);
}

}  // namespace qtap::sink
