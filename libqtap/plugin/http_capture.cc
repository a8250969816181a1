// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.h"
#include "plugin/console_text.h"

namespace qtap::plugin {
namespace {

class HttpCapture final : public Plugin {
 public:
  HttpCapture(LevelRules levels, const HttpCaptureOptions& options)
      : levels_(std::move(levels)), options_(options) {}
  const char* name() const override { return "http_capture"; }
  Level needs() const override { return levels_.most(); }
  Level needs_of(const Connection& conn) override { return levels_.most_of(conn); }
  void forget(const Connection& conn) noexcept override { levels_.forget(conn); }
  uint64_t rule_errors() const override { return levels_.errors(); }
  BodyChoice streams_bodies(const Ref<Connection>& conn, Transaction& tx,
                            FieldStage stage) override {
    const std::optional<LevelChoice> choice = levels_.choose_early(conn, tx, stage);
    if (!choice) return BodyChoice::kLater;
    return choice->level == Level::kFull ? BodyChoice::kYes : BodyChoice::kNo;
  }
  Status on_transaction(Exchange& exchange, Output& output) override {
    const LevelChoice choice = levels_.choose(*exchange.tx);
    if (choice.level == Level::kNone) return {};
    const Level level = capped(choice.level, exchange.tx->level);
    const ObjectOptions parts = {.headers = level >= Level::kDetails,
                                 .bodies = level == Level::kFull,
                                 .header_list = options_.header_list,
                                 .decode_bodies = options_.decode_body,
                                 .lacks_headers = choice.level > level && level < Level::kDetails};
    if (options_.prints && choice.format == ConsoleFormat::kText) {
      output.emit_console(capture_blocks(*exchange.tx, level));
    }
    const bool prints_json = options_.prints && choice.format == ConsoleFormat::kJson;
    // Configured, not left: a store that takes bodies is told that they are not there.
    const bool stores = choice.level >= options_.object_min_level;
    if (!prints_json && !stores) return {};
    Ref<Object> object = make_http_transaction_object(exchange.tx, parts);
    if (prints_json) output.emit_line(object->data);
    if (!stores) return {};
    if (auto stored = output.emit_object(std::move(object))) {
      exchange.objects.push_back(*std::move(stored));
    }
    return {};
  }

 private:
  LevelRules levels_;
  const HttpCaptureOptions options_;
};

}  // namespace

std::unique_ptr<Plugin> make_http_capture(LevelRules levels, const HttpCaptureOptions& options) {
  return std::make_unique<HttpCapture>(std::move(levels), options);
}

}  // namespace qtap::plugin
