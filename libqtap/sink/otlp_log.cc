// SPDX-License-Identifier: Apache-2.0
#include "sink/otlp_log.h"

#include <simdjson.h>

#include <string_view>
#include <utility>

namespace qtap::sink {
namespace {

namespace dom = simdjson::dom;

std::optional<OtlpValue> value_of(dom::element element);

OtlpValue list_of(dom::array array) {
  std::vector<OtlpValue> values;
  for (const dom::element element : array) {
    if (auto value = value_of(element)) values.push_back(*std::move(value));
  }
  return {std::move(values)};
}

OtlpValue map_of(dom::object object) {
  std::vector<OtlpAttribute> members;
  for (const auto [key, element] : object) {
    if (auto value = value_of(element)) members.push_back({std::string(key), *std::move(value)});
  }
  return {std::move(members)};
}

// nullopt: null or empty.
std::optional<OtlpValue> value_of(dom::element element) {
  switch (element.type()) {
    case dom::element_type::STRING: {
      std::string text(element.get_string().value_unsafe());
      if (text.empty()) return std::nullopt;
      return OtlpValue{std::move(text)};
    }
    case dom::element_type::BOOL:
      return OtlpValue{element.get_bool().value_unsafe()};
    case dom::element_type::INT64:
      return OtlpValue{element.get_int64().value_unsafe()};
    case dom::element_type::UINT64:  // above INT64_MAX: no counter comes that far
      return OtlpValue{INT64_MAX};
    case dom::element_type::DOUBLE:
      return OtlpValue{element.get_double().value_unsafe()};
    case dom::element_type::ARRAY: {
      const dom::array array = element.get_array().value_unsafe();
      if (array.begin() == array.end()) return std::nullopt;
      return list_of(array);
    }
    case dom::element_type::OBJECT:
      return map_of(element.get_object().value_unsafe());
    case dom::element_type::NULL_VALUE:
      break;
  }
  return std::nullopt;
}

// Maps become names with dots; what is in a list stays as it is.
void flatten(const std::string& prefix, dom::object object, std::vector<OtlpAttribute>& out) {
  for (const auto [key, element] : object) {
    dom::object inner;
    if (element.get(inner) == simdjson::SUCCESS) {
      flatten(prefix + std::string(key) + ".", inner, out);
    } else if (auto value = value_of(element)) {
      out.push_back({prefix + std::string(key), *std::move(value)});
    }
  }
}

// What a sentence is made of; "" where it is not there.
class Facts {
 public:
  explicit Facts(dom::object event) : event_(event) {}

  std::string operator[](std::string_view pointer) const {
    dom::element element;
    std::string_view text;
    if (event_.at_pointer(pointer).get(element) != simdjson::SUCCESS || element.is_null())
      return "";
    return element.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(element);
  }
  std::string or_dash(std::string_view pointer) const {
    std::string text = (*this)[pointer];
    return text.empty() ? "-" : text;
  }

 private:
  dom::object event_;
};

std::string without_scheme(const std::string& url) {
  const size_t at = url.find("://");
  return at == std::string::npos ? url : url.substr(at + 3);
}

std::string request_sentence(const Facts& facts) {
  std::string text = facts.or_dash("/method") + " " + without_scheme(facts.or_dash("/url")) +
                     " -> " + facts.or_dash("/status");
  const std::string ms = facts["/duration"];
  return ms.empty() ? text : text + " in " + ms + " ms";
}

std::string connection_sentence(const Facts& facts) {
  std::string who = facts["/tags/bin/0"];
  if (who.empty()) who = "Somebody";
  return who + " -> " + facts.or_dash("/meta/endpointId") + " (" + facts.or_dash("/l7Protocol") +
         ", " + facts.or_dash("/direction") + "): " + facts.or_dash("/bytesSent") +
         " bytes sent, " + facts.or_dash("/bytesReceived") + " received" +
         (facts["/finalized"] == "true" ? ", closed" : "");
}

std::string sentence(const Event& event, const Facts& facts) {
  if (event.type == "request") return request_sentence(facts);
  if (event.type == "connection") return connection_sentence(facts);
  if (event.type == "artifact_record") {
    const bool is_stored = facts["/stored"] == "true";
    return "Artifact: " + facts.or_dash("/type") + " (" + facts.or_dash("/contentType") + ", " +
           facts.or_dash("/size") + " bytes)" + (is_stored ? "" : " was not stored");
  }
  if (event.type == "issue") {
    return facts.or_dash("/error") + ": " + request_sentence(facts);
  }
  if (event.type == "pii_entity") {
    return facts.or_dash("/entityType") + " in " + facts.or_dash("/fieldPath") + " of " +
           facts.or_dash("/requestMethod") + " " + facts.or_dash("/requestPath");
  }
  if (event.type == "database_request") {
    return facts.or_dash("/databaseType") + ": " + facts.or_dash("/statement");
  }
  return event.type;
}

OtlpSeverity severity_of(const std::string& type) {
  if (type == "issue") return OtlpSeverity::kError;
  return type == "pii_entity" ? OtlpSeverity::kWarn : OtlpSeverity::kInfo;
}

}  // namespace

const char* severity_text(OtlpSeverity severity) {
  switch (severity) {
    case OtlpSeverity::kError:
      return "ERROR";
    case OtlpSeverity::kWarn:
      return "WARN";
    case OtlpSeverity::kInfo:
      break;
  }
  return "INFO";
}

OtlpOrigin otlp_origin(const OtlpResourceOptions& options) {
  OtlpOrigin origin;
  const auto add = [&](const char* key, const std::string& text) {
    if (!text.empty()) origin.resource.push_back({key, {text}});
  };
  add("service.name", options.service_name);
  add("service.version", options.version);
  add("deployment.environment", options.environment);
  add("host.name", options.hostname);
  add("service.instance.id", options.instance);
  origin.scope_version = options.version;
  return origin;
}

std::optional<OtlpLog> otlp_log(const Event& event, int64_t observed_ns) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(event.json).get(object) != simdjson::SUCCESS) return std::nullopt;
  OtlpLog log;
  log.time_ns = static_cast<uint64_t>(event.time_ns);
  log.observed_ns = static_cast<uint64_t>(observed_ns);
  log.severity = severity_of(event.type);
  log.body = sentence(event, Facts(object));
  log.attributes.push_back({"event.type", {event.type}});
  flatten("", object, log.attributes);
  std::erase_if(log.attributes, [](const OtlpAttribute& one) { return one.key == "eventType"; });
  return log;
}

}  // namespace qtap::sink
