// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"
#include "sink/otlp_encode.h"

namespace qtap::sink {
namespace {

// Numbers of 64 bits are texts in the JSON of protobuf.
void write_attributes(JsonWriter& json, JsonName name, const std::vector<OtlpAttribute>& all);

void write_any(JsonWriter& json, JsonName name, const OtlpValue& value) {
  json.begin_object(name);
  if (const auto* text = std::get_if<std::string>(&value.is)) {
    json.member("stringValue", *text);
  } else if (const auto* yes = std::get_if<bool>(&value.is)) {
    json.member("boolValue", *yes);
  } else if (const auto* number = std::get_if<int64_t>(&value.is)) {
    json.member("intValue", std::to_string(*number));
  } else if (const auto* real = std::get_if<double>(&value.is)) {
    json.member("doubleValue", *real);
  } else if (const auto* list = std::get_if<std::vector<OtlpValue>>(&value.is)) {
    json.begin_object("arrayValue");
    json.begin_list("values");
    for (const OtlpValue& one : *list) write_any(json, {}, one);
    json.end_list();
    json.end_object();
  } else if (const auto* map = std::get_if<std::vector<OtlpAttribute>>(&value.is)) {
    json.begin_object("kvlistValue");
    write_attributes(json, "values", *map);
    json.end_object();
  }
  json.end_object();
}

void write_attributes(JsonWriter& json, JsonName name, const std::vector<OtlpAttribute>& all) {
  json.begin_list(name);
  for (const OtlpAttribute& one : all) {
    json.begin_object();
    json.member("key", one.key);
    write_any(json, "value", one.value);
    json.end_object();
  }
  json.end_list();
}

void write_log(JsonWriter& json, const OtlpLog& log) {
  json.begin_object();
  json.member("timeUnixNano", std::to_string(log.time_ns));
  json.member("observedTimeUnixNano", std::to_string(log.observed_ns));
  json.member("severityNumber", static_cast<uint32_t>(log.severity));
  json.member("severityText", severity_text(log.severity));
  write_any(json, "body", {log.body});
  write_attributes(json, "attributes", log.attributes);
  json.end_object();
}

}  // namespace

std::string otlp_json(const OtlpOrigin& origin, std::span<const OtlpLog> logs) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.begin_list("resourceLogs");
  json.begin_object();
  json.begin_object("resource");
  write_attributes(json, "attributes", origin.resource);
  json.end_object();
  json.begin_list("scopeLogs");
  json.begin_object();
  json.begin_object("scope");
  json.member("name", "libqtap");
  json.member("version", origin.scope_version);
  json.end_object();
  json.begin_list("logRecords");
  for (const OtlpLog& log : logs) write_log(json, log);
  json.end_list();
  json.end_object();
  json.end_list();
  json.end_object();
  json.end_list();
  json.end_object();
  return out;
}

}  // namespace qtap::sink
