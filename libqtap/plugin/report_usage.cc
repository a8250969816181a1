// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.h"

namespace qtap::plugin {
namespace {

class ReportUsage final : public Plugin {
 public:
  explicit ReportUsage(EventOptions options) : options_(std::move(options)) {}
  const char* name() const override { return "report_usage"; }
  Level needs() const override { return Level::kDetails; }
  Status on_transaction(Exchange&, Output&) override { return {}; }
  // After all plugins, so that the event lists every object.
  Status on_stack_done(Exchange& exchange, Output& output) override {
    output.emit_event(make_request_event(*exchange.tx, exchange.objects, options_));
    return {};
  }

 private:
  EventOptions options_;
};

}  // namespace

std::unique_ptr<Plugin> make_report_usage(const EventOptions& options) {
  return std::make_unique<ReportUsage>(options);
}

}  // namespace qtap::plugin
