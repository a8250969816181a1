// SPDX-License-Identifier: Apache-2.0
// The OpenTelemetry protocol (OTLP 1.5), logs, over HTTP and over gRPC.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sink/event_protocol.h"
#include "sink/otlp_log.h"
#include "sink/sink.h"

namespace qtap::sink {

class Console;

struct OtlpOptions {
  std::string url;                  // of the service: for HTTP with its path, for gRPC without one
  std::vector<std::string> fields;  // "name: value"
  OtlpOrigin origin;
};

std::unique_ptr<EventProtocol> make_otlp_http(const OtlpOptions& options);
std::unique_ptr<EventProtocol> make_otlp_grpc(const OtlpOptions& options);

// The JSON form on standard output, a line for each event.
std::unique_ptr<Sink> make_otlp_stdout(std::string id, OtlpOrigin origin, Console& console);

}  // namespace qtap::sink
