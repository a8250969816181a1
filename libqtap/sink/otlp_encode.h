// SPDX-License-Identifier: Apache-2.0
// ExportLogsServiceRequest of opentelemetry/proto/collector/logs/v1/logs_service.proto, in both of
// its forms.
#pragma once

#include <span>
#include <string>

#include "sink/otlp_log.h"

namespace qtap::sink {

std::string otlp_protobuf(const OtlpOrigin& origin, std::span<const OtlpLog> logs);

// On one line, without its end.
std::string otlp_json(const OtlpOrigin& origin, std::span<const OtlpLog> logs);

}  // namespace qtap::sink
