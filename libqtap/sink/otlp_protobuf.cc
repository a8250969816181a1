// SPDX-License-Identifier: Apache-2.0
#include <protozero/pbf_writer.hpp>

#include "sink/otlp_encode.h"

namespace qtap::sink {
namespace {

using protozero::pbf_writer;

// Field numbers of opentelemetry-proto 1.5, opentelemetry/proto/...
enum Export : uint32_t { kResourceLogs = 1 };                    // collector/logs/v1
enum ResourceLogs : uint32_t { kResource = 1, kScopeLogs = 2 };  // logs/v1
enum Resource : uint32_t { kResourceAttributes = 1 };            // resource/v1
enum ScopeLogs : uint32_t { kScope = 1, kLogRecords = 2 };       // logs/v1
enum Scope : uint32_t { kScopeName = 1, kScopeVersion = 2 };     // common/v1
enum LogRecord : uint32_t {                                      // logs/v1
  kTime = 1,
  kSeverityNumber = 2,
  kSeverityText = 3,
  kBody = 5,
  kAttributes = 6,
  kObservedTime = 11,
};
enum AnyValue : uint32_t { kText = 1, kBool = 2, kInt = 3, kDouble = 4, kList = 5, kMap = 6 };
enum ListValue : uint32_t { kValues = 1 };
enum KeyValue : uint32_t { kKey = 1, kValue = 2 };

void write_attribute(pbf_writer& parent, uint32_t field, const OtlpAttribute& attribute);

void write_value(pbf_writer& parent, uint32_t field, const OtlpValue& value) {
  pbf_writer any(parent, field);
  if (const auto* text = std::get_if<std::string>(&value.is)) {
    any.add_string(kText, *text);
  } else if (const auto* yes = std::get_if<bool>(&value.is)) {
    any.add_bool(kBool, *yes);
  } else if (const auto* number = std::get_if<int64_t>(&value.is)) {
    any.add_int64(kInt, *number);
  } else if (const auto* real = std::get_if<double>(&value.is)) {
    any.add_double(kDouble, *real);
  } else if (const auto* list = std::get_if<std::vector<OtlpValue>>(&value.is)) {
    pbf_writer values(any, kList);
    for (const OtlpValue& one : *list) write_value(values, kValues, one);
  } else if (const auto* map = std::get_if<std::vector<OtlpAttribute>>(&value.is)) {
    pbf_writer values(any, kMap);
    for (const OtlpAttribute& one : *map) write_attribute(values, kValues, one);
  }
}

void write_attribute(pbf_writer& parent, uint32_t field, const OtlpAttribute& attribute) {
  pbf_writer pair(parent, field);
  pair.add_string(kKey, attribute.key);
  write_value(pair, kValue, attribute.value);
}

void write_log(pbf_writer& parent, const OtlpLog& log) {
  pbf_writer record(parent, kLogRecords);
  record.add_fixed64(kTime, log.time_ns);
  record.add_enum(kSeverityNumber, static_cast<int32_t>(log.severity));
  record.add_string(kSeverityText, severity_text(log.severity));
  write_value(record, kBody, {log.body});
  for (const OtlpAttribute& one : log.attributes) write_attribute(record, kAttributes, one);
  record.add_fixed64(kObservedTime, log.observed_ns);
}

}  // namespace

std::string otlp_protobuf(const OtlpOrigin& origin, std::span<const OtlpLog> logs) {
  std::string out;
  pbf_writer message(out);
  pbf_writer group(message, kResourceLogs);
  {
    pbf_writer resource(group, kResource);
    for (const OtlpAttribute& one : origin.resource) {
      write_attribute(resource, kResourceAttributes, one);
    }
  }
  pbf_writer scope_logs(group, kScopeLogs);
  {
    pbf_writer scope(scope_logs, kScope);
    scope.add_string(kScopeName, "libqtap");
    scope.add_string(kScopeVersion, origin.scope_version);
  }
  for (const OtlpLog& log : logs) write_log(scope_logs, log);
  scope_logs.commit();
  group.commit();
  return out;
}

}  // namespace qtap::sink
