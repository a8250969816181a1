// SPDX-License-Identifier: Apache-2.0
// Pulse's ingest service: Connect unary calls with protobuf (spec/events-and-objects.md 6).
#pragma once

#include <memory>
#include <string>

#include "sink/event_protocol.h"

namespace qtap::sink {

struct PulseOptions {
  std::string endpoint;  // URL without a slash at its end
  std::string token;
};

std::unique_ptr<EventProtocol> make_pulse(const PulseOptions& options);

}  // namespace qtap::sink
