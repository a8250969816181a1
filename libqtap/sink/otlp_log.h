// SPDX-License-Identifier: Apache-2.0
// In: an event's JSON. Out: a log record in OpenTelemetry's terms (spec/events-and-objects.md 7),
// to be written as protobuf or JSON. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/event.h"

namespace qtap::sink {

struct OtlpAttribute;

// AnyValue of opentelemetry/proto/common/v1/common.proto.
struct OtlpValue {
  std::variant<std::string, bool, int64_t, double, std::vector<OtlpValue>,
               std::vector<OtlpAttribute>>
      is;
};

struct OtlpAttribute {
  std::string key;
  OtlpValue value;
};

// SeverityNumber of opentelemetry/proto/logs/v1/logs.proto.
enum class OtlpSeverity : uint8_t { kInfo = 9, kWarn = 13, kError = 17 };
const char* severity_text(OtlpSeverity severity);

struct OtlpLog {
  uint64_t time_ns = 0;
  uint64_t observed_ns = 0;
  OtlpSeverity severity = OtlpSeverity::kInfo;
  std::string body;  // one English sentence
  std::vector<OtlpAttribute> attributes;
};

// Who sends them all.
struct OtlpOrigin {
  std::vector<OtlpAttribute> resource;
  std::string scope_version;  // of libqtap
};

struct OtlpResourceOptions {
  std::string service_name = "qtap";
  std::string environment = "production";
  std::string version;   // of libqtap
  std::string hostname;  // "" = not known
  std::string instance;  // "" = not known
};
OtlpOrigin otlp_origin(const OtlpResourceOptions& options);

// nullopt: the event is no JSON object.
std::optional<OtlpLog> otlp_log(const Event& event, int64_t observed_ns);

}  // namespace qtap::sink
