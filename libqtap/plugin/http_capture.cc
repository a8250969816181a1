// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.h"
#include "plugin/console_text.h"

namespace qtap::plugin {
namespace {

class HttpCapture final : public Plugin {
 public:
  explicit HttpCapture(const HttpCaptureOptions& options) : options_(options) {}
  const char* name() const override { return "http_capture"; }
  Level needs() const override { return options_.level; }
  BodyChoice streams_bodies(const Transaction&) const override {
    return options_.level == Level::kFull ? BodyChoice::kYes : BodyChoice::kNo;
  }
  Status on_transaction(Exchange& exchange, Output& output) override {
    if (options_.level == Level::kNone) return {};
    const Level level = capped(options_.level, exchange.tx->level);
    const ObjectOptions parts = {
        .headers = level >= Level::kDetails,
        .bodies = level == Level::kFull,
        .header_list = options_.header_list,
        .decode_bodies = options_.decode_body,
        .lacks_headers = options_.level > level && level < Level::kDetails};
    if (options_.prints && options_.format == ConsoleFormat::kText) {
      output.emit_console(capture_blocks(*exchange.tx, level));
    }
    const bool prints_json = options_.prints && options_.format == ConsoleFormat::kJson;
    // Configured, not left: a store that takes bodies is told that they are not there.
    const bool stores = options_.level >= options_.object_min_level;
    if (!prints_json && !stores) return {};
    Ref<Object> object = make_http_transaction_object(exchange.tx, parts);
    if (prints_json) output.emit_console(object->data + "\n");
    if (!stores) return {};
    StoredObject stored = {.type = object->type, .digest = object->digest, .url = {}};
    auto url = output.emit_object(std::move(object));
    if (!url) return {};
    stored.url = *std::move(url);
    exchange.objects.push_back(std::move(stored));
    return {};
  }

 private:
  HttpCaptureOptions options_;
};

}  // namespace

std::unique_ptr<Plugin> make_http_capture(const HttpCaptureOptions& options) {
  return std::make_unique<HttpCapture>(options);
}

}  // namespace qtap::plugin
