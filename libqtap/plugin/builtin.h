// SPDX-License-Identifier: Apache-2.0
// The plugins that come with the library, by their names in a stack.
#pragma once

#include <memory>
#include <string>

#include "model/event_json.h"
#include "model/object_json.h"
#include "plugin/plugin.h"

namespace qtap::plugin {

enum class ConsoleFormat : uint8_t { kText, kJson };

// http_capture: keeps transactions as objects, by level.
struct HttpCaptureOptions {
  Level level = Level::kNone;
  ConsoleFormat format = ConsoleFormat::kJson;  // shape on the console (a stdout object store)
  Level object_min_level = Level::kDetails;     // lowest level that writes to other stores
  ObjectOptions::HeaderList header_list = ObjectOptions::HeaderList::kAuto;
  bool decode_body = false;  // objects hold bodies without their content coding
  bool prints = false;       // there is a stdout object store
};
std::unique_ptr<Plugin> make_http_capture(const HttpCaptureOptions& options);

// access_logs: one readable or JSON line per transaction.
struct AccessLogsOptions {
  Level mode = Level::kSummary;
  ConsoleFormat format = ConsoleFormat::kText;
  bool colour = false;
};
std::unique_ptr<Plugin> make_access_logs(const AccessLogsOptions& options);

// report_usage: one request event per transaction.
std::unique_ptr<Plugin> make_report_usage(const EventOptions& options);

}  // namespace qtap::plugin
