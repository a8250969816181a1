// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.h"
#include "plugin/console_text.h"

namespace qtap::plugin {
namespace {

class AccessLogs final : public Plugin {
 public:
  AccessLogs(LevelRules modes, bool colour) : modes_(std::move(modes)), colour_(colour) {}
  const char* name() const override { return "access_logs"; }
  Level needs() const override { return modes_.most(); }
  Level needs_of(const Connection& conn) override { return modes_.most_of(conn); }
  void forget(const Connection& conn) noexcept override { modes_.forget(conn); }
  uint64_t rule_errors() const override { return modes_.errors(); }
  Status on_transaction(Exchange& exchange, Output& output) override {
    const LevelChoice choice = modes_.choose(*exchange.tx);
    if (choice.level != Level::kNone) output.emit_console(text_of(*exchange.tx, choice));
    return {};
  }

 private:
  std::string text_of(const Transaction& tx, LevelChoice choice) const {
    const Level mode = capped(choice.level, tx.level);
    if (choice.format == ConsoleFormat::kJson) return access_json(tx, mode);
    if (mode == Level::kSummary) return access_line(tx, colour_);
    return access_box(tx, mode, colour_);
  }

  LevelRules modes_;
  const bool colour_;
};

}  // namespace

std::unique_ptr<Plugin> make_access_logs(LevelRules modes, bool colour) {
  return std::make_unique<AccessLogs>(std::move(modes), colour);
}

}  // namespace qtap::plugin
