// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include <utility>

#include "base/clock.h"
#include "sink/builtin.h"
#include "sink/otlp_encode.h"
#include "sink/otlp_export.h"
#include "sink/send_outcome.h"

namespace qtap::sink {
namespace {

// The sink of JSON lines, with others.
class OtlpStdout final : public Sink {
 public:
  OtlpStdout(std::string id, OtlpOrigin origin, Console& console)
      : origin_(std::move(origin)), lines_(make_stdout_events(std::move(id), console)) {}

  const std::string& id() const override { return lines_->id(); }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return false; }
  bool batches_events() const override { return true; }
  Status put_event(const Ref<Event>& event) override {
    size_t taken = 0;
    return put_events(std::span(&event, 1), taken);
  }
  Status put_events(std::span<const Ref<Event>> events, size_t& taken) override {
    std::vector<Ref<Event>> made;
    const int64_t now_ns = clock_ns(CLOCK_REALTIME);
    for (const Ref<Event>& event : events) {
      const std::optional<OtlpLog> log = otlp_log(*event, now_ns);
      if (!log) break;
      auto line = Ref<Event>::make();
      line->json = otlp_json(origin_, std::span(&*log, 1));
      made.push_back(std::move(line));
    }
    QTAP_CHECK(lines_->put_events(made, taken));
    taken = made.size();
    if (taken == events.size()) return {};
    return events_refused("an event is no JSON object");
  }
  Status put_object(const Ref<Object>&) override { return {}; }
  std::string locate(const Object&) const override { return {}; }
  Status flush(int timeout_ms) override { return lines_->flush(timeout_ms); }
  void close() override { lines_->close(); }

 private:
  const OtlpOrigin origin_;
  std::unique_ptr<Sink> lines_;
};

}  // namespace

std::unique_ptr<Sink> make_otlp_stdout(std::string id, OtlpOrigin origin, Console& console) {
  return std::make_unique<OtlpStdout>(std::move(id), std::move(origin), console);
}

}  // namespace qtap::sink
