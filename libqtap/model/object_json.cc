// SPDX-License-Identifier: Apache-2.0
#include "model/object_json.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/sha256.h"
#include "base/text.h"
#include "http/fields.h"
#include "model/message_json.h"

namespace qtap {
namespace {

constexpr const char* kClientIdHeader =
    "x-request-id";  // the client's own id, by the name in common use

void write_metadata(JsonWriter& json, const Transaction& tx) {
  const Connection& conn = *tx.connection;
  json.begin_object("metadata");
  if (conn.process.pid != 0) json.member("process_id", std::to_string(conn.process.pid));
  json.optional("process_exe", conn.process.exe);
  json.optional("bytes_sent", conn.wire_bytes[index(Direction::kSent)]);
  json.optional("bytes_received", conn.wire_bytes[index(Direction::kReceived)]);
  json.member("connection_id", conn.id);
  json.member("endpoint_id", conn.endpoint_id);
  json.member("request_id", tx.id);
  json.end_object();
}

void write_pairs(JsonWriter& json, JsonName key, const http::FieldList& headers) {
  json.begin_list(key);
  for (const http::Header header : headers) {
    json.begin_list();
    // An unknown name is empty, and so is its value, unless that is known.
    header.name.empty() ? json.null_element() : json.element(header.name);
    header.name.empty() && header.value.empty() ? json.null_element() : json.element(header.value);
    json.end_list();
  }
  json.end_list();
}

// As sent, or decoded: whatever of both holds all that was captured.
void write_body(JsonWriter& json, const Transaction& tx, MessageKind kind,
                const http::Message& message, const ObjectOptions& options) {
  if (!options.bodies || message.body.empty()) return;
  if (!options.decode_bodies) return json.base64("body", message.body);
  const DecodedBody& body = decoded_body(tx, kind);
  const bool is_whole = body.state == BodyDecode::kComplete && body.left_over == 0;
  const bool is_beginning = body.state == BodyDecode::kTruncated && !body.text.empty();
  const bool is_decoded = is_whole || is_beginning;
  if (!is_decoded || !body.text.empty()) {
    json.base64("body", is_decoded ? body.text : std::string_view(message.body));
  }
  if (is_decoded) json.member("body_encoding", "decoded");
  if (body.state != BodyDecode::kNone && !is_whole) {
    json.member("body_decode_state", body_decode_name(body.state));
  }
}

// Fields of one name are joined.
void write_fields(JsonWriter& json, const http::FieldList& headers, bool has_repeats) {
  if (has_repeats) {
    for (const auto& [name, value] : http::joined_fields(headers)) {
      if (!name.empty()) json.entry(name, value);
    }
    return;
  }
  std::string name;
  for (const http::Header header : headers) {
    if (header.name.empty()) continue;
    http::canonical_name(header.name, name);
    json.entry(name, header.value);
  }
}

// What request and response have in common, from `headers` on. `pseudo` come first.
void write_message(JsonWriter& json, const Transaction& tx, MessageKind kind,
                   const http::Message& message, const ObjectOptions& options,
                   std::initializer_list<http::Header> pseudo) {
  if (options.headers) {
    json.begin_object("headers");
    for (const auto& [name, value] : pseudo) {
      if (!value.empty()) json.entry(name, value);
    }
    const bool has_repeats = http::has_repeats(message.headers);
    write_fields(json, message.headers, has_repeats);
    json.end_object();
    using List = ObjectOptions::HeaderList;
    if (options.header_list == List::kAlways ||
        (options.header_list == List::kAuto && has_repeats)) {
      write_pairs(json, "header_list", message.headers);
    }
    if (!message.trailers.empty()) write_pairs(json, "trailers", message.trailers);
  }
  json.optional("unknown_fields", message.unknown_fields);
  if (message.framing_conflict) json.member("framing_conflict", true);
  write_body(json, tx, kind, message, options);
  json.optional("body_bytes", message.body_bytes);
  if (message.truncated() || options.lacks_headers) {
    json.member("truncated", true);
    message.missing_bytes ? json.member("missing_bytes", *message.missing_bytes)
                          : json.null("missing_bytes");
    json.member("truncated_reason",
                http::truncation_name(message.truncated() ? message.truncation
                                                          : http::Truncation::kBudget));
  }
}

void write_header(JsonWriter& json, JsonName key, const http::Message& message, const char* name) {
  if (const auto value = http::find_header(message, name)) json.optional(key, *value);
}

}  // namespace

Ref<Object> make_http_transaction_object(const Ref<Transaction>& tx, const ObjectOptions& options) {
  auto object = Ref<Object>::make();
  object->type = "http_transaction";
  object->content_type = "application/json";
  object->transaction = tx;
  object->data.reserve(2048 + (tx->request.body.size() + tx->response.body.size()) * 4 / 3);

  JsonWriter json(object->data);
  json.begin_object();
  write_metadata(json, *tx);

  json.begin_object("request");
  json.member("method", tx->request.method);
  json.member("url", tx->url);
  json.optional("scheme", tx->scheme);
  tx->request.target_known ? json.optional("path", tx->path) : json.null("path");
  json.optional("authority", tx->authority);
  json.member("protocol", l7_protocol_name(tx->protocol));
  write_header(json, "user_agent", tx->request, "user-agent");
  write_header(json, "content_type", tx->request, "content-type");
  write_header(json, "request_id", tx->request, kClientIdHeader);
  write_message(json, *tx, MessageKind::kRequest, tx->request, options,
                {{":method", tx->request.method},
                 {":scheme", tx->scheme},
                 {":authority", tx->authority},
                 {":path", tx->path}});
  json.end_object();

  json.begin_object("response");
  tx->response.status ? json.member("status", *tx->response.status) : json.null("status");
  write_header(json, "content_type", tx->response, "content-type");
  const std::string status = tx->response.status ? std::to_string(*tx->response.status) : "";
  write_message(json, *tx, MessageKind::kResponse, tx->response, options, {{":status", status}});
  json.end_object();

  write_messages(json, *tx);
  json.member("transaction_time", rfc3339(tx->request.start_ns));
  if (const auto us = tx->duration_us()) {
    json.member("duration_ms", std::max<uint64_t>(*us / 1000, 1));
    json.member("duration_us", *us);
  }
  if (const auto us = tx->request_us()) json.member("request_us", *us);
  if (const auto us = tx->ttfb_us()) json.member("ttfb_us", *us);
  json.optional("direction", flow_direction_name(tx->connection->direction));
  if (tx->truncated()) {
    json.member("truncated", true);
    const auto missing = tx->missing_bytes();
    missing ? json.member("missing_bytes", *missing) : json.null("missing_bytes");
  }
  json.end_object();
  object->digest = sha256_hex(object->data);
  return object;
}

}  // namespace qtap
