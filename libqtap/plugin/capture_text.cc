// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "http/fields.h"
#include "plugin/console_text.h"
#include "plugin/printable.h"

namespace qtap::plugin {
namespace {

// Builds "  Label: value" lines; a value that is not known drops its line.
class Block {
 public:
  void title(const char* text) { out_ += std::string(text) + "\n"; }
  void row(const char* label, std::string_view value) {
    if (!value.empty()) out_ += std::string("  ") + label + ": " + printable(value) + "\n";
  }
  void header(const char* label, const http::Message& message, const char* name) {
    if (const auto value = http::find_header(message, name)) row(label, *value);
  }
  void pseudo(std::string_view name, std::string_view value) {
    if (!value.empty()) field(name, value);
  }
  void fields(const http::Message& message) {
    for (const auto& [name, joined] : http::joined_fields(message.headers)) {
      // Set-Cookie, which is joined by newlines: a line each.
      std::string_view values = joined;
      for (size_t end; (end = values.find('\n')) != std::string_view::npos;) {
        field(name, values.substr(0, end));
        values.remove_prefix(end + 1);
      }
      field(name, values);
    }
  }
  void body(const Transaction& tx, MessageKind which, const http::Message& message, Level level) {
    if (level == Level::kFull) body(message, decoded_body(tx, which));
    if (message.truncated()) out_ += "  " + incomplete_text(message) + "\n";
  }
  std::string take() { return std::move(out_) + "\n"; }

 private:
  void body(const http::Message& message, const DecodedBody& body) {
    const BodyKind kind = body_kind(message, body);
    if (kind == BodyKind::kText) {
      out_ += "  Body:\n" + printable(body.text, Lines::kMany);
      if (!out_.ends_with('\n')) out_ += '\n';
    } else if (kind == BodyKind::kBinary) {
      const std::string type = printable(message_type(message));
      out_ += "  Body:\nBody is binary (" + (type.empty() ? "unknown type" : type) + ", " +
              std::to_string(message.body_bytes) + " bytes)\n";
    }
    const std::string ended = decoding_text(message, body);
    if (!ended.empty()) out_ += "  " + ended + "\n";
  }
  void field(std::string_view name, std::string_view value) {
    out_ += "    " + printable(name) + ": " + printable(value) + "\n";
  }

  std::string out_ = "HTTP Transaction\n================\n";
};

void add_metadata(Block& block, const Transaction& tx) {
  const Connection& conn = *tx.connection;
  block.title("Metadata:");
  block.row("Transaction Time", rfc3339(tx.request.start_ns));
  if (const auto us = tx.duration_us()) {
    block.row("Duration", std::to_string(std::max<uint64_t>(*us / 1000, 1)) + "ms");
  }
  block.row("Direction", flow_direction_name(conn.direction));
  if (conn.process.pid != 0) block.row("Process ID", std::to_string(conn.process.pid));
  block.row("Process", conn.process.exe);
  block.row("Container", conn.process.container_id);
  block.row("Bytes Sent", std::to_string(conn.wire_bytes[index(Direction::kSent)]));
  block.row("Bytes Received", std::to_string(conn.wire_bytes[index(Direction::kReceived)]));
}

}  // namespace

std::string capture_blocks(const Transaction& tx, Level level) {
  const bool details = level >= Level::kDetails;
  Block block;
  add_metadata(block, tx);

  block.title("Request:");
  block.row("Method", tx.request.method);
  block.row("URL", tx.url);
  if (details) {
    block.row("Protocol", l7_protocol_name(tx.protocol));
    block.header("User-Agent", tx.request, "user-agent");
    block.header("Content-Type", tx.request, "content-type");
    block.title("  Request Headers:");
    block.pseudo(":method", tx.request.method);
    block.pseudo(":scheme", tx.scheme);
    block.pseudo(":authority", tx.authority);
    block.pseudo(":path", tx.path);
    block.fields(tx.request);
  }
  block.body(tx, MessageKind::kRequest, tx.request, level);

  const std::string status = tx.response.status ? std::to_string(*tx.response.status) : "-";
  block.title("Response:");
  block.row("Status", status);
  block.header("Content-Type", tx.response, "content-type");
  if (details && tx.response.status) {
    block.title("  Response Headers:");
    block.pseudo(":status", status);
    block.fields(tx.response);
  }
  block.body(tx, MessageKind::kResponse, tx.response, level);
  return block.take();
}

}  // namespace qtap::plugin
