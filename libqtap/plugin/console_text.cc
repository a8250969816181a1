// SPDX-License-Identifier: Apache-2.0
#include "plugin/console_text.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "base/utf8.h"
#include "http/fields.h"

namespace qtap::plugin {
namespace {

// ECMA-48 8.3.117, select graphic rendition.
constexpr const char* kReset = "\x1b[0m";
constexpr const char* kDim = "\x1b[2m";
constexpr const char* kBold = "\x1b[1m";

const char* status_colour(const std::optional<int>& status) {
  switch (status.value_or(0) / 100) {
    case 2: return "\x1b[32m";
    case 3: return "\x1b[34m";
    case 4: return "\x1b[33m";
    case 5: return "\x1b[31m";
    default: return "\x1b[37m";
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

std::string process_name(const Transaction& tx) {
  const Process& process = tx.connection->process;
  const std::string_view name = base_name(process.exe);
  if (!name.empty()) return printable(name);
  if (!process.comm.empty()) return printable(process.comm);
  return process.pid != 0 ? "pid " + std::to_string(process.pid) : "?";
}

std::string incomplete_text(const http::Message& message) {
  if (!message.truncated()) return {};
  return std::string("Truncated: ") + http::truncation_name(message.truncation) + ", " +
         (message.missing_bytes ? std::to_string(*message.missing_bytes) : "unknown") +
         " bytes missing";
}

bool is_binary_type(const std::string& type) {
  return type == "application/octet-stream" || type == "application/pdf" ||
         type == "application/zip" || type == "application/gzip" || type.starts_with("image/") ||
         type.starts_with("audio/") || type.starts_with("video/");
}

std::string type_of(const http::Message& message) {
  const std::string* type = http::find_header(message, "content-type");
  return type ? http::media_type(*type) : std::string();
}

const char* network_label(FlowDirection direction) {
  switch (direction) {
    case FlowDirection::kIngress: return "Ingress";
    case FlowDirection::kEgressInternal: return "Egress (internal)";
    case FlowDirection::kEgressExternal: return "Egress (external)";
    default: return "Egress";
  }
}

void write_headers(JsonWriter& json, const http::Message& message) {
  json.begin_object("headers");
  for (const auto& [name, value] : http::joined_fields(message.headers)) json.member(name, value);
  json.end_object();
}

void write_body(JsonWriter& json, const http::Message& message, Level level) {
  if (level != Level::kFull) return;
  const bool is_text = is_utf8(message.body) && !is_binary_type(type_of(message));
  json.member("body", is_text ? std::string_view(message.body) : "<binary>");
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    const size_t len = utf8_sequence(text);
    if (len > 1) {
      // C1 controls (U+0080 to U+009F) drive terminals as well.
      const bool is_c1 = c == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
      out += is_c1 ? std::string_view("?") : text.substr(0, len);
    } else if (len == 1) {
      out += (c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t' ? text[0] : '?';
    } else {
      c >= 0xa0 ? append_latin1(out, c) : out.push_back('?');
    }
    text.remove_prefix(std::max<size_t>(len, 1));
  }
  return out;
}

std::string body_text(const http::Message& message) {
  if (message.body.empty()) return "(empty)";
  const std::string type = type_of(message);
  if (is_binary_type(type) || !is_utf8(message.body)) {
    return "Body is binary (" + (type.empty() ? "unknown type" : type) + ", " +
           std::to_string(message.body_bytes) + " bytes)";
  }
  return printable(message.body);
}

std::string access_line(const Transaction& tx, bool colour) {
  const char* painted = status_colour(tx.response.status);
  std::string line = paint(painted, "■", colour) + " " + paint(kBold, process_name(tx), colour) +
                     " " + paint(painted, is_ingress(tx) ? "←" : "→", colour) + " " +
                     printable(tx.request.method) + " " + printable(tx.url) + " " +
                     paint(painted, status_text(tx), colour);
  const bool is_client = !is_ingress(tx);
  const uint64_t sent = is_client ? tx.request.wire_bytes : tx.response.wire_bytes;
  const uint64_t received = is_client ? tx.response.wire_bytes : tx.request.wire_bytes;
  std::string facts;
  if (const auto us = tx.duration_us()) facts += "  " + human_us(*us);
  facts += "  ↑" + human_bytes(sent) + " ↓" + human_bytes(received);
  line += paint(kDim, facts, colour);
  for (const http::Message* message : {static_cast<const http::Message*>(&tx.request),
                                       static_cast<const http::Message*>(&tx.response)}) {
    if (message->truncated()) line += "  [" + incomplete_text(*message) + "]";
  }
  return line + "\n";
}

std::string access_box(const Transaction& tx, Level level, bool colour) {
  const Connection& conn = *tx.connection;
  std::string out = "┌ " + access_line(tx, colour);
  const auto row = [&](const std::string& text) { out += "│ " + text + "\n"; };
  std::string process = std::to_string(conn.process.pid);
  if (!conn.process.exe.empty()) process += " @ " + printable(conn.process.exe);
  row("Process: " + process);
  if (!conn.process.container_id.empty()) row("Container: " + conn.process.container_id);
  row(std::string("Network: ") + network_label(conn.direction) + ", sent " +
      human_bytes(conn.wire_bytes[0]) + ", received " + human_bytes(conn.wire_bytes[1]));
  const auto headers = [&](const http::Message& message) {
    for (const http::Header& header : message.headers) {
      row("  • " + printable(header.name) + ": " + printable(header.value));
    }
  };
  row(std::string("REQUEST ") + l7_protocol_name(tx.protocol));
  row("  " + printable(tx.request.method) + " " + printable(tx.path));
  headers(tx.request);
  if (level == Level::kFull) out += body_text(tx.request) + "\n";
  row("RESPONSE " + status_text(tx));
  headers(tx.response);
  if (level == Level::kFull) out += body_text(tx.response) + "\n";
  return out + "└\n";
}

std::string access_json(const Transaction& tx, Level level) {
  const Connection& conn = *tx.connection;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  const auto status = [&] {
    tx.response.status ? json.member("status", *tx.response.status) : json.null("status");
  };
  if (level == Level::kSummary) {
    json.member("time", rfc3339(tx.request.start_ns));
    json.member("level", "info");
    json.member("msg", "HTTP transaction");
    json.member("bin", base_name(conn.process.exe));
    json.member("direction", flow_direction_name(conn.direction));
    json.member("method", tx.request.method);
    json.member("url", tx.url);
    status();
    json.member("qpoint_request_id", tx.id);
  } else {
    json.member("msg", "HTTP transaction");
    json.begin_object("meta");
    json.member("bytes_sent", std::to_string(conn.wire_bytes[0]));
    json.member("bytes_received", std::to_string(conn.wire_bytes[1]));
    json.member("pid", conn.process.pid);
    json.optional("exe", conn.process.exe);
    json.end_object();
    json.member("direction", flow_direction_name(conn.direction));
    json.begin_object("request");
    json.member("url", tx.url);
    json.member("method", tx.request.method);
    json.member("proto", l7_protocol_name(tx.protocol));
    json.member("qpoint_request_id", tx.id);
    write_headers(json, tx.request);
    write_body(json, tx.request, level);
    json.end_object();
    json.begin_object("response");
    status();
    write_headers(json, tx.response);
    write_body(json, tx.response, level);
    json.end_object();
  }
  json.end_object();
  return out + "\n";
}

std::string capture_blocks(const Transaction& tx, Level level) {
  const Connection& conn = *tx.connection;
  const bool details = level >= Level::kDetails;
  std::string out = "HTTP Transaction\n================\n";
  const auto row = [&](const char* label, const std::string& value) {
    if (!value.empty()) out += std::string("  ") + label + ": " + value + "\n";
  };
  const auto header = [&](const http::Message& message, const char* name) {
    const std::string* value = http::find_header(message, name);
    return value ? printable(*value) : std::string();
  };
  const auto fields = [&](const char* title, const http::Message& message,
                          const std::vector<std::pair<const char*, std::string>>& pseudo) {
    out += std::string("  ") + title + ":\n";
    for (const auto& [name, value] : pseudo) {
      out += std::string("    ") + name + ": " + printable(value) + "\n";
    }
    for (const auto& [name, value] : http::joined_fields(message.headers)) {
      out += "    " + printable(name) + ": " + printable(value) + "\n";
    }
  };
  const auto body = [&](const http::Message& message) {
    if (level == Level::kFull) out += "  Body:\n" + body_text(message) + "\n";
    if (message.truncated()) out += "  " + incomplete_text(message) + "\n";
  };

  out += "Metadata:\n";
  row("Transaction Time", rfc3339(tx.request.start_ns));
  if (const auto us = tx.duration_us()) row("Duration", std::to_string(std::max<uint64_t>(*us / 1000, 1)) + "ms");
  row("Direction", flow_direction_name(conn.direction));
  if (conn.process.pid != 0) row("Process ID", std::to_string(conn.process.pid));
  row("Process", printable(conn.process.exe));
  row("Container", conn.process.container_id);
  row("Bytes Sent", std::to_string(conn.wire_bytes[0]));
  row("Bytes Received", std::to_string(conn.wire_bytes[1]));
  out += "Request:\n";
  row("Method", printable(tx.request.method));
  row("URL", printable(tx.url));
  if (details) {
    row("Protocol", l7_protocol_name(tx.protocol));
    row("User-Agent", header(tx.request, "user-agent"));
    row("Content-Type", header(tx.request, "content-type"));
    fields("Request Headers", tx.request,
           {{":method", tx.request.method}, {":scheme", tx.scheme}, {":authority", tx.authority}, {":path", tx.path}});
  }
  body(tx.request);
  out += "Response:\n";
  row("Status", tx.response.status ? std::to_string(*tx.response.status) : "-");
  row("Content-Type", header(tx.response, "content-type"));
  if (details && tx.response.status) {
    fields("Response Headers", tx.response, {{":status", std::to_string(*tx.response.status)}});
  }
  body(tx.response);
  return out + "\n";
}

}  // namespace qtap::plugin
