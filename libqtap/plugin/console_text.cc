// SPDX-License-Identifier: Apache-2.0
#include "plugin/console_text.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "http/fields.h"
#include "plugin/printable.h"

namespace qtap::plugin {
namespace {

// ECMA-48 8.3.117, select graphic rendition.
constexpr const char* kReset = "\x1b[0m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kBold = "\x1b[1m";

const char* status_colour(const std::optional<int>& status) {
  switch (status.value_or(0) / 100) {
    case 2:
      return "\x1b[32m";
    case 3:
      return "\x1b[34m";
    case 4:
      return "\x1b[33m";
    case 5:
      return "\x1b[31m";
    default:
      return "\x1b[37m";
  }
}

std::string paint(const char* colour, std::string text, bool on) {
  return on ? colour + std::move(text) + kReset : std::move(text);
}

bool is_ingress(const Transaction& tx) {
  return tx.connection->direction == FlowDirection::kIngress;
}

std::string status_text(const Transaction& tx) {
  if (!tx.response.status) return "-";
  const char* registered = http::status_reason(*tx.response.status);
  const std::string reason = *registered ? registered : printable(tx.response.reason);
  return std::to_string(*tx.response.status) + (reason.empty() ? "" : " " + reason);
}

std::string process_name(const Process& process) {
  const std::string_view name = base_name(process.exe);
  if (!name.empty()) return printable(name);
  if (!process.comm.empty()) return printable(process.comm);
  return process.pid != 0 ? "pid " + std::to_string(process.pid) : "?";
}

// "4711 @ /usr/bin/curl", as far as known.
std::string process_text(const Process& process) {
  std::string where = printable(process.exe.empty() ? process.comm : process.exe);
  if (process.pid == 0) return where;
  return std::to_string(process.pid) + (where.empty() ? "" : " @ " + where);
}

const char* network_label(FlowDirection direction) {
  switch (direction) {
    case FlowDirection::kIngress:
      return "Ingress";
    case FlowDirection::kEgressInternal:
      return "Egress (internal)";
    case FlowDirection::kEgressExternal:
      return "Egress (external)";
    default:
      return "Egress";
  }
}

// Stands without the box's border, so that it can be copied out of it.
std::string body_block(const Transaction& tx, MessageKind kind, const http::Message& message) {
  const DecodedBody& body = decoded_body(tx, kind);
  std::string text;
  switch (body_kind(message, body)) {
    case BodyKind::kEmpty:
      text = "(empty)";
      break;
    case BodyKind::kText:
      text = printable(body.text, Lines::kMany);
      break;
    case BodyKind::kBinary: {
      const std::string type = printable(message_type(message));
      text = "Body is in binary format (" + (type.empty() ? "unknown type" : type) + ")";
      break;
    }
  }
  if (!text.ends_with('\n')) text += '\n';
  if (const std::string ended = decoding_text(message, body); !ended.empty()) text += ended + "\n";
  return text;
}

void write_headers(JsonWriter& json, const http::Message& message) {
  json.begin_object("headers");
  for (const auto& [name, value] : http::joined_fields(message.headers)) json.entry(name, value);
  json.end_object();
}

void write_body(JsonWriter& json, const Transaction& tx, MessageKind kind,
                const http::Message& message, Level level) {
  if (level != Level::kFull) return;
  const DecodedBody& body = decoded_body(tx, kind);
  const bool is_binary = body_kind(message, body) == BodyKind::kBinary;
  json.optional("body", is_binary ? "<binary>" : body.text);
  if (!decoding_text(message, body).empty()) json.member("decoding", body_decode_name(body.state));
}

void write_status(JsonWriter& json, const Transaction& tx) {
  tx.response.status ? json.member("status", *tx.response.status) : json.null("status");
}

void write_summary(JsonWriter& json, const Transaction& tx) {
  const Connection& conn = *tx.connection;
  json.member("time", rfc3339(tx.request.start_ns));
  json.member("level", "info");
  json.member("msg", "HTTP transaction");
  json.optional("bin", base_name(conn.process.exe));
  json.optional("direction", flow_direction_name(conn.direction));
  json.member("method", tx.request.method);
  json.member("url", tx.url);
  write_status(json, tx);
  json.member("qpoint_request_id", tx.id);
}

void write_details(JsonWriter& json, const Transaction& tx, Level level) {
  const Connection& conn = *tx.connection;
  json.member("msg", "HTTP transaction");
  json.begin_object("meta");
  json.member("bytes_sent", std::to_string(conn.wire_bytes[index(Direction::kSent)]));
  json.member("bytes_received", std::to_string(conn.wire_bytes[index(Direction::kReceived)]));
  json.optional("pid", uint64_t{conn.process.pid});
  json.optional("exe", conn.process.exe);
  json.end_object();
  json.optional("direction", flow_direction_name(conn.direction));
  json.begin_object("request");
  json.member("url", tx.url);
  json.member("method", tx.request.method);
  json.member("proto", l7_protocol_name(tx.protocol));
  json.member("qpoint_request_id", tx.id);
  write_headers(json, tx.request);
  write_body(json, tx, MessageKind::kRequest, tx.request, level);
  json.end_object();
  json.begin_object("response");
  write_status(json, tx);
  write_headers(json, tx.response);
  write_body(json, tx, MessageKind::kResponse, tx.response, level);
  json.end_object();
}

}  // namespace

std::string incomplete_text(const http::Message& message) {
  if (!message.truncated()) return {};
  return std::string("Truncated: ") + http::truncation_name(message.truncation) + ", " +
         (message.missing_bytes ? std::to_string(*message.missing_bytes) : "unknown") +
         " bytes missing";
}

std::string decoding_text(const http::Message& message, const DecodedBody& body) {
  const bool is_whole = body.state == BodyDecode::kNone || body.state == BodyDecode::kComplete;
  if (is_whole || (body.state == BodyDecode::kTruncated && message.truncated())) return {};
  return std::string("Decoding: ") + body_decode_name(body.state) +
         (body.error.empty() ? "" : ", " + printable(body.error));
}

std::string access_line(const Transaction& tx, bool colour) {
  const char* painted = status_colour(tx.response.status);
  std::string line = paint(painted, "■", colour) + " " +
                     paint(kBold, process_name(tx.connection->process), colour) + " " +
                     paint(painted, is_ingress(tx) ? "←" : "→", colour) + " " +
                     printable(tx.request.method) + " " + printable(tx.url) + " " +
                     paint(painted, status_text(tx), colour);
  const bool is_client = !is_ingress(tx);
  const uint64_t sent = is_client ? tx.request.wire_bytes : tx.response.wire_bytes;
  const uint64_t received = is_client ? tx.response.wire_bytes : tx.request.wire_bytes;
  std::string facts;
  if (const auto us = tx.duration_us()) facts += "  " + human_us(*us);
  facts += "  ↑" + human_bytes(sent) + " ↓" + human_bytes(received);
  line += paint(kDim, facts, colour);
  for (const std::string& lack : {incomplete_text(tx.request), incomplete_text(tx.response)}) {
    if (!lack.empty()) line += "  [" + lack + "]";
  }
  return line + "\n";
}

std::string access_box(const Transaction& tx, Level level, bool colour) {
  const Connection& conn = *tx.connection;
  std::string out = "┌ " + access_line(tx, colour);
  const auto row = [&](const std::string& text) { out += "│ " + text + "\n"; };
  if (const std::string process = process_text(conn.process); !process.empty()) {
    row("Process: " + process);
  }
  if (!conn.process.container_id.empty()) row("Container: " + printable(conn.process.container_id));
  row(std::string("Network: ") + network_label(conn.direction) + ", sent " +
      human_bytes(conn.wire_bytes[index(Direction::kSent)]) + ", received " +
      human_bytes(conn.wire_bytes[index(Direction::kReceived)]));
  const auto headers = [&](const http::Message& message) {
    for (const http::Header header : message.headers) {
      row("  • " + printable(header.name) + ": " + printable(header.value));
    }
  };
  row(std::string("REQUEST ") + l7_protocol_name(tx.protocol));
  row("  " + printable(tx.request.method) + " " + printable(tx.path));
  headers(tx.request);
  if (level == Level::kFull) out += body_block(tx, MessageKind::kRequest, tx.request);
  row("RESPONSE " + status_text(tx));
  headers(tx.response);
  if (level == Level::kFull) out += body_block(tx, MessageKind::kResponse, tx.response);
  return out + "└\n";
}

std::string access_json(const Transaction& tx, Level level) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  level == Level::kSummary ? write_summary(json, tx) : write_details(json, tx, level);
  json.end_object();
  return out + "\n";
}

}  // namespace qtap::plugin
