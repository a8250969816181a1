// SPDX-License-Identifier: Apache-2.0
// The plugins that come with the library, by their names in a stack.
#pragma once

#include <memory>
#include <string>

#include "model/event_json.h"
#include "model/object_json.h"
#include "plugin/level_rules.h"
#include "plugin/plugin.h"

namespace qtap::plugin {

// http_capture: keeps transactions as objects, by level; the format is that on the console (a
// stdout object store).
struct HttpCaptureOptions {
  Level object_min_level = Level::kDetails;  // lowest level that writes to other stores
  ObjectOptions::HeaderList header_list = ObjectOptions::HeaderList::kAuto;
  bool decode_body = false;  // objects hold bodies without their content coding
  bool prints = false;       // there is a stdout object store
};
std::unique_ptr<Plugin> make_http_capture(LevelRules levels,
                                          const HttpCaptureOptions& options = {});

// access_logs: one readable or JSON line per transaction.
std::unique_ptr<Plugin> make_access_logs(LevelRules modes, bool colour = false);

// report_usage: one request event per transaction.
std::unique_ptr<Plugin> make_report_usage(const EventOptions& options);

}  // namespace qtap::plugin
