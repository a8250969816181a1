// SPDX-License-Identifier: Apache-2.0
#include "sink/pulse.h"

#include <optional>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "sink/pulse_event.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

class Pulse final : public EventProtocol {
 public:
  explicit Pulse(const PulseOptions& options)
      : url_(options.endpoint + "/eventstore.v1.EventStoreService/"),
        fields_({"Content-Type: application/proto", "Connect-Protocol-Version: 1",
                 "Authorization: Bearer " + options.token}) {}

  // Says early what would keep events from being taken.
  std::vector<net::Request> preparations() const override { return {call("Ping")}; }
  bool needs_preparations() const override { return false; }

  std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                         std::vector<Status>& outcomes) override {
    EventRequest one;
    one.request = call("IngestBatch");
    protozero::pbf_writer batch(one.body);
    for (size_t i = 0; i < events.size(); ++i) {
      const std::optional<std::string> message = pulse_event(*events[i]);
      if (message) {
        batch.add_message(1, *message);
        one.indices.push_back(i);
      } else {
        outcomes[i] =
            events_refused("an event of a kind that Pulse does not know: " + events[i]->type);
      }
    }
    std::vector<EventRequest> made;
    if (!one.indices.empty()) made.push_back(std::move(one));
    return made;
  }

  // Errors are JSON, whatever was sent: {"code": "unauthenticated", "message": "..."}.
  Verdict judge(const Result<net::Reply>& reply, size_t) override {
    Verdict verdict;
    verdict.status = send_outcome(reply, reply.ok() ? json_message(reply->body) : "");
    return verdict;
  }

 private:
  net::Request call(const char* method) const {
    net::Request request;
    request.method = "POST";
    request.url = url_ + method;
    request.fields = fields_;
    return request;
  }

  const std::string url_;
  const std::vector<std::string> fields_;
};

}  // namespace

std::unique_ptr<EventProtocol> make_pulse(const PulseOptions& options) {
  return std::make_unique<Pulse>(options);
}

}  // namespace qtap::sink
