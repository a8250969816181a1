// SPDX-License-Identifier: Apache-2.0
#include "sink/pulse_event.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <protozero/pbf_writer.hpp>
#include <span>
#include <string_view>

#include "sink/event_ends.h"

namespace qtap::sink {
namespace {

namespace dom = simdjson::dom;
using protozero::pbf_writer;

// A field that is a member of the JSON as it is.
enum class Kind : uint8_t { kText, kTexts, kUint, kInt, kBool, kFloat };
struct Field {
  uint32_t number;
  const char* pointer;
  Kind kind = Kind::kText;
};

constexpr Field kRequest[] = {
    {1, "/requestId"},
    {3, "/direction"},
    {4, "/connectionId"},
    {5, "/endpointId"},
    {6, "/vendorId"},
    {7, "/url"},
    {8, "/path"},
    {9, "/method"},
    {10, "/status", Kind::kUint},
    {11, "/duration", Kind::kUint},
    {12, "/contentType"},
    {13, "/category"},
    {14, "/agent"},
    {15, "/tags", Kind::kTexts},
    {16, "/bytesReceived", Kind::kUint},
    {17, "/bytesSent", Kind::kUint},
};
constexpr Field kAuthToken[] = {
    {1, "/authTokenMask"}, {2, "/authTokenHash"}, {3, "/authTokenSource"}, {4, "/authTokenType"}};
constexpr Field kGrpc[] = {
    {2, "/grpcService"}, {3, "/grpcMethod"}, {4, "/grpcStatus"}, {5, "/grpcStatusName"}};
constexpr Field kIssue[] = {{2, "/connectionId"},
                            {3, "/requestId"},
                            {4, "/direction"},
                            {5, "/endpointId"},
                            {6, "/vendorId"},
                            {7, "/error"},
                            {8, "/url"},
                            {9, "/path"},
                            {10, "/method"},
                            {11, "/status", Kind::kUint},
                            {12, "/tags", Kind::kTexts}};
constexpr Field kArtifact[] = {{2, "/connectionId"}, {3, "/requestId"},          {4, "/type"},
                               {5, "/endpointId"},   {6, "/vendorId"},           {7, "/digest"},
                               {8, "/url"},          {10, "/tags", Kind::kTexts}};
constexpr Field kPiiEntity[] = {{2, "/connectionId"},        {3, "/requestId"},
                                {4, "/endpointId"},          {5, "/vendorId"},
                                {6, "/tags", Kind::kTexts},  {7, "/entityType"},
                                {8, "/score", Kind::kFloat}, {9, "/entitySource"},
                                {10, "/fieldPath"},          {11, "/valueHash"},
                                {12, "/requestMethod"},      {13, "/requestPath"}};
constexpr Field kConnection[] = {
    {1, "/meta/connectionId"},
    {6, "/meta/endpointId"},
    {7, "/vendorId"},
    {8, "/part", Kind::kUint},
    {9, "/finalized", Kind::kBool},
    {19, "/bytesReceived", Kind::kUint},
    {20, "/bytesSent", Kind::kUint},
    {21, "/meta/tlsProbeTypesDetected", Kind::kTexts},
    {22, "/meta/tlsProbeIntrospected", Kind::kBool},
    {23, "/labels", Kind::kTexts},
};
constexpr Field kSystem[] = {
    {1, "/system/hostname"}, {2, "/system/agent"}, {3, "/system/agentInstance"}};
constexpr Field kAddress[] = {{1, "/ip"}, {2, "/port", Kind::kUint}};
constexpr Field kLocal[] = {
    {2, "/hostname"}, {3, "/exe"}, {4, "/user"}, {6, "/userId", Kind::kUint}};
constexpr Field kContainer[] = {{1, "/id"}, {2, "/name"}, {3, "/image"}};
constexpr Field kPod[] = {{1, "/name"}, {2, "/namespace"}};
constexpr Field kDatabaseRequest[] = {
    {1, "/requestId"},
    {3, "/direction"},
    {4, "/connectionId"},
    {5, "/endpointId"},
    {6, "/databaseType"},
    {9, "/statement"},
    {13, "/resultType"},
    {14, "/isError", Kind::kBool},
    {15, "/errorMsg"},
    {16, "/affectedCount", Kind::kInt},
    {17, "/resultCount", Kind::kInt},
    {18, "/duration", Kind::kUint},
    {19, "/bytesReceived", Kind::kUint},
    {20, "/bytesSent", Kind::kUint},
    {21, "/tags", Kind::kTexts},
};

// Values of enums, from 1; 0 is unspecified.
constexpr const char* kDirections[] = {"ingress", "egress", "egress-internal", "egress-external"};
constexpr const char* kSocketProtocols[] = {"tcp", "udp", "icmp", "raw"};
constexpr const char* kL7Protocols[] = {"http1", "http2", "http3",      "dns",   "grpc",   "other",
                                        "redis", "mysql", "postgresql", "kafka", "mongodb"};
constexpr uint64_t kBeforeTls10 = 768;  // 0x0301 is TLS 1.0 (RFC 8446, D)

// Where there is nothing: empty.
class Json {
 public:
  explicit Json(dom::object object) : object_(object) {}

  std::string_view text(const char* pointer) const {
    std::string_view found;
    return object_.at_pointer(pointer).get(found) == simdjson::SUCCESS ? found : std::string_view();
  }
  std::optional<Json> inner(const char* pointer) const {
    dom::object found;
    if (object_.at_pointer(pointer).get(found) != simdjson::SUCCESS) return std::nullopt;
    return Json(found);
  }
  dom::object object() const { return object_; }

 private:
  dom::object object_;
};

void write_texts(pbf_writer& out, uint32_t number, dom::array list) {
  for (const dom::element element : list) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) out.add_string(number, text.data(), text.size());
  }
}

void write_field(pbf_writer& out, const Field& field, dom::element value) {
  std::string_view text;
  dom::array list;
  uint64_t number = 0;
  int64_t integer = 0;
  double real = 0;
  bool yes = false;
  switch (field.kind) {
    case Kind::kText:
      if (value.get(text) == simdjson::SUCCESS && !text.empty()) {
        out.add_string(field.number, text.data(), text.size());
      }
      break;
    case Kind::kTexts:
      if (value.get(list) == simdjson::SUCCESS) write_texts(out, field.number, list);
      break;
    case Kind::kUint:
      if (value.get(number) == simdjson::SUCCESS) out.add_uint64(field.number, number);
      break;
    case Kind::kInt:
      if (value.get(integer) == simdjson::SUCCESS) out.add_int64(field.number, integer);
      break;
    case Kind::kBool:
      if (value.get(yes) == simdjson::SUCCESS) out.add_bool(field.number, yes);
      break;
    case Kind::kFloat:
      if (value.get(real) == simdjson::SUCCESS) {
        out.add_float(field.number, static_cast<float>(real));
      }
      break;
  }
}

void write(pbf_writer& out, std::span<const Field> fields, const Json& json) {
  for (const Field& field : fields) {
    dom::element value;
    if (json.object().at_pointer(field.pointer).get(value) == simdjson::SUCCESS) {
      write_field(out, field, value);
    }
  }
}

// A message that is left out when nothing is in it.
void write_message(pbf_writer& out, uint32_t number, std::span<const Field> fields,
                   const Json& json) {
  std::string bytes;
  pbf_writer message(bytes);
  write(message, fields, json);
  if (!bytes.empty()) out.add_message(number, bytes);
}

// google.protobuf.Timestamp.
void write_time(pbf_writer& out, uint32_t number, int64_t time_ns) {
  constexpr int64_t kNsPerS = 1'000'000'000;
  pbf_writer time(out, number);
  time.add_int64(1, time_ns / kNsPerS);
  time.add_int32(2, static_cast<int32_t>(time_ns % kNsPerS));
}

template <size_t n>
void write_word(pbf_writer& out, uint32_t number, const char* const (&words)[n],
                std::string_view word) {
  const auto found = std::find(std::begin(words), std::end(words), word);
  if (found == std::end(words)) return;
  out.add_enum(number, static_cast<int32_t>(found - std::begin(words)) + 1);
}

// google.protobuf.Struct, of texts, numbers and bools.
void write_struct(pbf_writer& out, uint32_t number, dom::object object) {
  pbf_writer map(out, number);
  for (const auto [key, element] : object) {
    pbf_writer entry(map, 1);
    entry.add_string(1, key.data(), key.size());
    pbf_writer value(entry, 2);
    std::string_view text;
    double real = 0;
    bool yes = false;
    if (element.get(text) == simdjson::SUCCESS) {
      value.add_string(3, text.data(), text.size());
    } else if (element.get(yes) == simdjson::SUCCESS) {
      value.add_bool(4, yes);
    } else if (element.get(real) == simdjson::SUCCESS) {
      value.add_double(2, real);
    } else {
      value.add_enum(1, 0);
    }
  }
}

void write_request(pbf_writer& out, uint32_t number, const Json& json, int64_t time_ns) {
  pbf_writer request(out, number);
  write(request, kRequest, json);
  write_time(request, 2, time_ns);
  write_message(request, 18, kAuthToken, json);
}

// "detect_errors:status" with its reason: {plugin 1, condition 2, description 3}.
void write_triggers(pbf_writer& out, uint32_t number, const Json& json) {
  dom::array conditions;
  if (json.object()["triggerConditions"].get(conditions) != simdjson::SUCCESS) return;
  size_t at = 0;
  for (const dom::element element : conditions) {
    std::string_view condition;
    if (element.get(condition) != simdjson::SUCCESS) continue;
    pbf_writer trigger(out, number);
    const size_t colon = std::min(condition.find(':'), condition.size());
    trigger.add_string(1, condition.data(), colon);
    const std::string_view rest = condition.substr(std::min(colon + 1, condition.size()));
    trigger.add_string(2, rest.data(), rest.size());
    const std::string reason = "/triggerReasons/" + std::to_string(at++);
    const std::string_view why = json.text(reason.c_str());
    if (!why.empty()) trigger.add_string(3, why.data(), why.size());
  }
}

void write_tags(pbf_writer& out, uint32_t number, dom::object tags) {
  for (const auto [key, values] : tags) {
    pbf_writer tag(out, number);
    tag.add_string(1, key.data(), key.size());
    dom::array list;
    if (values.get(list) == simdjson::SUCCESS) write_texts(tag, 2, list);
  }
}

// oneof local 1, remote 2; the address is 1 in both.
void write_endpoint(pbf_writer& out, uint32_t number, const Json& json, bool is_local) {
  pbf_writer endpoint(out, number);
  pbf_writer end(endpoint, is_local ? 1 : 2);
  if (const auto address = json.inner("/address")) write_message(end, 1, kAddress, *address);
  if (!is_local) return;
  write(end, kLocal, json);
  const auto container = json.inner("/container");
  if (!container) return;
  pbf_writer message(end, 5);
  write(message, kContainer, *container);
  if (const auto pod = container->inner("/pod")) write_message(message, 4, kPod, *pod);
}

void write_connection(pbf_writer& out, const Json& json, int64_t time_ns) {
  write(out, kConnection, json);
  write_time(out, 2, time_ns);
  const std::string_view direction = json.text("/direction");
  write_word(out, 3, kDirections, direction);
  if (const auto tags = json.inner("/tags")) write_tags(out, 10, tags->object());
  write_word(out, 11, kSocketProtocols, json.text("/socketProtocol"));
  write_word(out, 12, kL7Protocols, json.text("/l7Protocol"));
  uint64_t version = 0;
  if (json.object()["tlsVersion"].get(version) == simdjson::SUCCESS && version > kBeforeTls10 &&
      version <= kBeforeTls10 + 4) {
    out.add_enum(13, static_cast<int32_t>(version - kBeforeTls10));
  }
  write_message(out, 14, kSystem, json);
  if (const auto end = json.inner("/source")) {
    write_endpoint(out, 15, *end, is_local_end("source", direction));
  }
  if (const auto end = json.inner("/destination")) {
    write_endpoint(out, 16, *end, is_local_end("destination", direction));
  }
}

// Of eventstore.v1.Event.
bool write_event(pbf_writer& out, const Event& event, const Json& json) {
  if (event.type == "request") {
    if (json.text("/grpcService").empty()) {
      write_request(out, 1, json, event.time_ns);
      return true;
    }
    pbf_writer grpc(out, 7);
    write_request(grpc, 1, json, event.time_ns);
    write(grpc, kGrpc, json);
  } else if (event.type == "issue") {
    pbf_writer issue(out, 2);
    write_time(issue, 1, event.time_ns);
    write(issue, kIssue, json);
    write_triggers(issue, 13, json);
  } else if (event.type == "artifact_record") {
    pbf_writer artifact(out, 3);
    write_time(artifact, 1, event.time_ns);
    write(artifact, kArtifact, json);
    if (const auto summary = json.inner("/summary")) write_struct(artifact, 9, summary->object());
  } else if (event.type == "pii_entity") {
    pbf_writer entity(out, 4);
    write_time(entity, 1, event.time_ns);
    write(entity, kPiiEntity, json);
  } else if (event.type == "connection") {
    pbf_writer connection(out, 5);
    write_connection(connection, json, event.time_ns);
  } else if (event.type == "database_request") {
    pbf_writer request(out, 6);
    write(request, kDatabaseRequest, json);
    write_time(request, 2, event.time_ns);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> pulse_event(const Event& event) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(event.json).get(object) != simdjson::SUCCESS) return std::nullopt;
  std::string bytes;
  pbf_writer out(bytes);
  if (!write_event(out, event, Json(object))) return std::nullopt;
  return bytes;
}

}  // namespace qtap::sink
