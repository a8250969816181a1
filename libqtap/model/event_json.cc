// SPDX-License-Identifier: Apache-2.0
#include "model/event_json.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"
#include "base/utf8.h"
#include "http/media_type.h"
#include "model/auth_token.h"
#include "model/message_json.h"

namespace qtap {
namespace {

constexpr size_t kMaxUserAgent = 256;  // spec/events-and-objects.md 2.2, `agent`
// What most events fit in. With the NUL and its own eight bytes it is what glibc still keeps for
// its thread (tcache, 1032 bytes): beyond that, an allocation costs several times as much.
constexpr size_t kUsualBytes = 1000;

template <typename Visit>
void for_each_tag(const Connection& conn, const Visit& visit) {
  const auto tell = [&](JsonName key, std::string_view value) {
    if (!value.empty()) visit(key, value);
  };
  tell("bin", base_name(conn.process.exe));
  if (conn.endpoint_is_name) tell("host", conn.endpoint_id);
  tell("ip", ip_text(conn.remote));
  tell("protocol", l7_protocol_name(conn.l7));
  tell("strategy", "observe");
}

void write_probes(JsonWriter& json, const Connection& conn) {
  json.begin_list("tlsProbeTypesDetected");
  if (conn.tls_probed) json.element("openssl");
  json.end_list();
  json.member("tlsProbeIntrospected", conn.tls_state == TlsState::kDecrypted);
}

void write_address(JsonWriter& json, const Address& address) {
  if (address.family == 0) return;
  const std::string ip = ip_text(address);
  json.begin_object("address");
  json.member("family", ip.find(':') == std::string::npos ? "ipv4" : "ipv6");
  json.member("ip", ip);
  json.member("port", uint32_t{address.port});
  json.end_object();
}

void write_local(JsonWriter& json, JsonName key, const Connection& conn, const SystemInfo& system) {
  const Process& process = conn.process;
  json.begin_object(key);
  write_address(json, conn.local);
  json.optional("hostname", system.hostname);
  json.optional("exe", process.exe);
  json.optional("user", process.user);
  if (process.known) json.member("userId", process.uid);
  if (process.pid != 0) json.member("pid", process.pid);
  if (!process.container_id.empty()) {
    json.begin_object("container");
    json.member("id", process.container_id);
    json.end_object();
  }
  json.end_object();
}

void write_remote(JsonWriter& json, JsonName key, const Connection& conn) {
  json.begin_object(key);
  write_address(json, conn.remote);
  json.end_object();
}

// The fields that every event but `connection` begins with.
void write_common(JsonWriter& json, const char* type, int64_t time_ns, const Transaction& tx) {
  const Connection& conn = *tx.connection;
  json.member("eventType", type);
  json.member("timestamp", rfc3339(time_ns));
  json.member("connectionId", conn.id);
  json.optional("endpointId", conn.endpoint_id);
  json.member("requestId", tx.id);
  write_probes(json, conn);
  json.begin_list("tags");
  std::string flat;
  for_each_tag(conn, [&](JsonName key, std::string_view value) {
    flat.assign(key.text()).append(1, ':').append(value);
    json.element(flat);
  });
  json.end_list();
  json.optional("direction", flow_direction_name(conn.direction));
}

void write_tls(JsonWriter& json, const Connection& conn) {
  if (!conn.is_tls) return;
  if (conn.tls.version != 0) json.member("tlsVersion", uint32_t{conn.tls.version});
  if (!conn.tls.sni.empty() || !conn.tls.alpn.empty() || conn.tls.cipher != 0) {
    json.begin_object("tls");
    json.optional("sni", conn.tls.sni);
    if (!conn.tls.alpn.empty()) {
      json.begin_list("alpn");
      for (const std::string& name : conn.tls.alpn) json.element(name);
      json.end_list();
    }
    json.optional("alpnSelected", conn.tls.alpn_selected);
    json.optional("cipher", cipher_name(conn.tls.cipher));
    json.end_object();
  }
  json.member("tlsState", tls_state_name(conn.tls_state));
}

std::string_view without_query(std::string_view url) {
  return url.substr(0, std::min(url.find('?'), url.find('#')));
}

// ms value = µs / 1000, at least 1 when measured (spec 1, Durations).
uint64_t to_ms(uint64_t us) {
  return std::max<uint64_t>(us / 1000, 1);
}

Ref<Event> new_event(const char* type, int64_t time_ns, const Transaction& tx) {
  auto event = Ref<Event>::make();
  event->type = type;
  event->time_ns = time_ns;
  event->connection_id = tx.connection->id;
  event->request_id = tx.id;
  return event;
}

std::string header_media_type(const http::Message& message) {
  const auto value = http::find_header(message, "content-type");
  return value ? http::media_type(*value) : std::string();
}

int64_t end_time(const Transaction& tx) {
  return std::max({tx.request.start_ns, tx.request.end_ns, tx.response.end_ns});
}

}  // namespace

std::vector<std::string> flat_tags(const Connection& conn) {
  std::vector<std::string> flat;
  for_each_tag(conn, [&](JsonName key, std::string_view value) {
    flat.push_back(std::string(key.text()).append(1, ':').append(value));
  });
  return flat;
}

const char* media_category(std::string_view type) {
  const auto ends_with = [&](std::string_view tail) { return type.ends_with(tail); };
  if (type.empty()) return "";
  if (type == "application/json" || type == "text/json" || ends_with("+json")) return "json";
  if (type == "text/html" || type == "application/xhtml+xml") return "html";
  if (type == "text/css") return "css";
  if (ends_with("/javascript") || ends_with("/x-javascript") || ends_with("/ecmascript")) {
    return "javascript";
  }
  if (type.starts_with("image/")) return "images";
  if (type.starts_with("font/") || type.starts_with("application/font") ||
      type.starts_with("application/x-font") || type == "application/vnd.ms-fontobject") {
    return "fonts";
  }
  if (type.starts_with("audio/") || type.starts_with("video/")) return "media";
  if (type.starts_with("text/")) return "text";
  if (type.starts_with("application/")) return "application";
  return "other";
}

Ref<Event> make_connection_event(const Connection& conn, const SystemInfo& system, bool finalized) {
  auto event = Ref<Event>::make();
  event->type = "connection";
  event->connection_id = conn.id;
  event->time_ns = conn.opened_ns;
  event->json.reserve(kUsualBytes);
  JsonWriter json(event->json);
  json.begin_object();
  json.member("eventType", "connection");
  json.begin_object("meta");
  json.member("connectionId", conn.id);
  json.optional("endpointId", conn.endpoint_id);
  write_probes(json, conn);
  json.end_object();
  json.begin_object("tags");
  for_each_tag(conn, [&](JsonName key, std::string_view value) {
    json.begin_list(key);
    json.element(value);
    json.end_list();
  });
  json.end_object();
  json.member("timestamp", rfc3339(conn.opened_ns));
  json.member("createdAt", rfc3339(conn.opened_ns));
  json.member("reportedAt", rfc3339(conn.reported_ns));
  if (conn.closed_ns != 0) json.member("closedAt", rfc3339(conn.closed_ns));
  json.member("part", conn.part);
  json.member("finalized", finalized);
  json.optional("direction", flow_direction_name(conn.direction));
  json.member("socketProtocol", transport_name(conn.transport));
  json.member("l7Protocol", l7_protocol_name(conn.l7));
  write_tls(json, conn);
  json.begin_object("system");
  json.optional("hostname", system.hostname);
  json.optional("agent", system.agent);
  json.optional("agentInstance", system.instance);
  json.end_object();
  // The initiator is the source.
  if (conn.direction == FlowDirection::kIngress) {
    write_remote(json, "source", conn);
    write_local(json, "destination", conn, system);
  } else {
    write_local(json, "source", conn, system);
    write_remote(json, "destination", conn);
  }
  json.member("bytesSent", conn.wire_bytes[index(Direction::kSent)]);
  json.member("bytesReceived", conn.wire_bytes[index(Direction::kReceived)]);
  json.optional("lostBytes", conn.lost_bytes());
  if (conn.joined_late) json.member("joinedLate", true);
  if (conn.capture_level != CaptureLevel::kFull) {
    json.member("captureLevel", capture_level_name(conn.capture_level));
  }
  write_websocket_totals(json, conn.websocket);
  json.optional("connectUs", conn.connect_us);
  json.optional("tlsHandshakeUs", conn.tls_handshake_us);
  json.end_object();
  return event;
}

Ref<Event> make_request_event(const Transaction& tx, const std::vector<StoredObject>& objects,
                              const EventOptions& options) {
  Ref<Event> event = new_event("request", tx.request.start_ns, tx);
  event->json.reserve(kUsualBytes);
  JsonWriter json(event->json);
  json.begin_object();
  write_common(json, "request", tx.request.start_ns, tx);
  json.member("url", options.keep_query ? std::string_view(tx.url) : without_query(tx.url));
  if (tx.request.target_known) {
    json.member("path", options.keep_query ? std::string_view(tx.path) : without_query(tx.path));
  } else {
    json.null("path");
  }
  json.member("method", tx.request.method);
  tx.response.status ? json.member("status", *tx.response.status) : json.null("status");
  if (const auto us = tx.duration_us()) {
    json.member("duration", to_ms(*us));
    json.member("durationUs", *us);
  }
  if (const auto us = tx.request_us()) json.member("requestUs", *us);
  if (const auto us = tx.ttfb_us()) json.member("ttfbUs", *us);
  json.member("protocol", l7_protocol_name(tx.protocol));
  const std::string content_type = header_media_type(tx.response);
  json.optional("contentType", content_type);
  json.optional("category", media_category(content_type));
  if (const auto agent = http::find_header(tx.request, "user-agent")) {
    json.optional("agent", utf8_prefix(*agent, kMaxUserAgent));
  }
  const bool is_client = tx.connection->role != Role::kServer;
  json.member("bytesSent", is_client ? tx.request.wire_bytes : tx.response.wire_bytes);
  json.member("bytesReceived", is_client ? tx.response.wire_bytes : tx.request.wire_bytes);
  if (const AuthToken token = find_auth_token(tx.request, options.hash_key); token.found) {
    json.member("authTokenMask", token.mask);
    json.member("authTokenHash", token.hash);
    json.member("authTokenSource", token.source);
    json.member("authTokenType", token.type);
  }
  if (tx.truncated()) {
    json.member("truncated", true);
    const auto missing = tx.missing_bytes();
    missing ? json.member("missingBytes", *missing) : json.null("missingBytes");
  }
  if (tx.request.framing_conflict || tx.response.framing_conflict) {
    json.member("framingConflict", true);
  }
  if (!objects.empty()) {
    json.begin_list("objects");
    for (const StoredObject& object : objects) {
      json.begin_object();
      json.member("type", object.type);
      json.member("digest", object.digest);
      json.optional("url", object.url);
      json.end_object();
    }
    json.end_list();
  }
  write_message_counts(json, tx);
  json.end_object();
  return event;
}

ArtifactText artifact_text(const Transaction& tx) {
  ArtifactText text;
  text.connection_id = tx.connection->id;
  text.request_id = tx.id;
  text.start_ns = tx.request.start_ns;
  text.end_ns = end_time(tx);
  {
    JsonWriter json(text.common);
    json.begin_object();
    write_common(json, "artifact_record", text.end_ns, tx);
    json.end_object();
    text.common = text.common.substr(1, text.common.size() - 2);
  }
  JsonWriter json(text.summary);
  json.begin_object();
  if (const auto us = tx.duration_us()) {
    json.member("duration_ms", to_ms(*us));
    json.member("duration_us", *us);
  }
  json.optional("direction", flow_direction_name(tx.connection->direction));
  json.optional("process_exe", tx.connection->process.exe);
  json.member("request_id", tx.id);
  json.member("connection_id", tx.connection->id);
  json.member("request_method", tx.request.method);
  json.member("request_scheme", tx.scheme);
  json.optional("request_host", tx.authority);
  json.member("request_protocol", l7_protocol_name(tx.protocol));
  json.optional("request_content_type", header_media_type(tx.request));
  if (tx.response.status) json.member("response_status", *tx.response.status);
  json.optional("response_content_type", header_media_type(tx.response));
  if (tx.truncated()) json.member("truncated", true);
  json.end_object();
  return text;
}

Ref<Event> make_artifact_event(const Object& object, const std::string& digest,
                               const std::string& store_id, const std::string& url,
                               const std::string& error) {
  const ArtifactText text =
      object.transaction ? artifact_text(*object.transaction) : object.artifact;
  auto event = Ref<Event>::make();
  event->type = "artifact_record";
  event->connection_id = text.connection_id;
  event->request_id = text.request_id;
  event->time_ns = text.end_ns;
  std::string own;
  JsonWriter json(own);
  json.begin_object();
  json.member("type", object.type);
  json.member("digest", digest);
  if (error.empty()) json.optional("url", url);
  json.member("store", store_id);
  json.member("size", uint64_t{object.data.size()});
  json.member("contentType", object.content_type);
  json.member("stored", error.empty());
  json.optional("error", error);
  json.end_object();
  own.back() = ',';
  event->json.reserve(kUsualBytes);
  event->json.append("{").append(text.common).append(",").append(own, 1);
  event->json.append("\"summary\":").append(text.summary).append("}");
  return event;
}

}  // namespace qtap
