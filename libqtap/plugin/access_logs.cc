// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.h"
#include "plugin/console_text.h"

namespace qtap::plugin {
namespace {

class AccessLogs final : public Plugin {
 public:
  explicit AccessLogs(const AccessLogsOptions& options) : options_(options) {}
  const char* name() const override { return "access_logs"; }
  Level needs() const override { return options_.mode; }
  Status on_transaction(Exchange& exchange, Output& output) override {
    if (options_.mode != Level::kNone) output.emit_console(text_of(*exchange.tx));
    return {};
  }

 private:
  std::string text_of(const Transaction& tx) const {
    const Level mode = capped(options_.mode, tx.level);
    if (options_.format == ConsoleFormat::kJson) return access_json(tx, mode);
    if (mode == Level::kSummary) return access_line(tx, options_.colour);
    return access_box(tx, mode, options_.colour);
  }

  AccessLogsOptions options_;
};

}  // namespace

std::unique_ptr<Plugin> make_access_logs(const AccessLogsOptions& options) {
  return std::make_unique<AccessLogs>(options);
}

}  // namespace qtap::plugin
