// SPDX-License-Identifier: Apache-2.0
#include "model/field_table.h"

#include "base/text.h"
#include "http/fields.h"
#include "http/media_type.h"

namespace qtap {
namespace {

using enum FieldType;
using enum FieldOwner;
using enum FieldStage;
using Source = FieldSource;
using Rest = std::string_view;
using Value = FieldValue;

bool boolean(Value& v, bool value) {
  v.type = kBool;
  v.boolean = value;
  return true;
}

template <typename T>
bool integer(Value& v, T value) {
  v.type = kInt;
  v.integer = static_cast<int64_t>(value);
  return true;
}

bool number(Value& v, double value) {
  v.type = kNumber;
  v.number = value;
  return true;
}

bool text(Value& v, std::string_view value) {
  v.type = kText;
  v.text = value;
  return true;
}

// Empty stands for "not known".
bool known_text(Value& v, std::string_view value) {
  return !value.empty() && text(v, value);
}

bool address(Value& v, const Address& value) {
  if (value.family == 0) return false;
  v.type = kIp;
  v.ip = &value;
  return true;
}

template <typename T>
bool known_integer(Value& v, const std::optional<T>& value) {
  return value.has_value() && integer(v, *value);
}

// A character of a header name that a field name cannot hold is written "_" (rule-fields.md 1).
bool same_header(std::string_view header, std::string_view name) {
  if (header.size() != name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char a = header[i];
    const bool is_letter = (a >= 'A' && a <= 'Z') || (a >= 'a' && a <= 'z');
    const bool fits = is_letter || (a >= '0' && a <= '9') || a == '_' || a == '.' || a == '-';
    const char lower_a = a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a;
    if ((fits ? lower_a : '_') != name[i]) return false;
  }
  return true;
}

// A name that comes once is lent out as it is; repeats are joined once and kept with the
// transaction.
bool header(Value& v, const Transaction& tx, const http::Message& message, const char* message_name,
            std::string_view name) {
  std::optional<http::Header> first;
  http::FieldList all;
  for (const http::Header field : message.headers) {
    if (!same_header(field.name, name)) continue;
    if (!first) {
      first = field;
      continue;
    }
    if (all.empty()) all.push_back(*first);
    all.push_back({first->name, field.value});
  }
  if (!first) return false;
  if (all.empty()) return text(v, first->value);
  const std::string key = message_name + std::string(name);
  if (const std::string* kept = tx.texts.find(key)) return text(v, *kept);
  return text(v, tx.texts.add(key, http::joined_fields(all).front().second));
}

// Worked out once and kept with the transaction; empty: missing.
template <typename Make>
bool kept_text(Value& v, const Transaction& tx, const char* key, const Make& make) {
  const std::string* kept = tx.texts.find(key);
  return known_text(v, kept ? *kept : tx.texts.add(key, make()));
}

http::MediaType media_type_of(const http::Message& message) {
  const auto value = http::find_header(message, "content-type");
  return value ? http::parse_media_type(*value) : http::MediaType();
}

std::string charset_of(const http::Message& message) {
  return std::string(http::charset(media_type_of(message)));
}

std::string type_of(const http::Message& message) {
  const auto value = http::find_header(message, "content-type");
  return value ? http::media_type(*value) : "";
}

const DecodedBody& decoded(const Transaction& tx, MessageKind kind) {
  return lend_decoded_body(tx, kind);
}

bool decode_state(Value& v, const DecodedBody& body) {
  return body.state != BodyDecode::kNone && text(v, body_decode_name(body.state));
}

std::string_view version_text(uint8_t major, uint8_t minor) {
  if (major == 2) return "HTTP/2";
  if (major == 1) return minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
  return {};
}

// The record-layer numbers of TLS (RFC 8446, 4.1.2 and appendix D).
bool tls_version(Value& v, uint16_t version) {
  switch (version) {
    case 0x0301:
      return number(v, 1.0);
    case 0x0302:
      return number(v, 1.1);
    case 0x0303:
      return number(v, 1.2);
    case 0x0304:
      return number(v, 1.3);
    default:
      return false;
  }
}

std::string_view path_name(std::string_view path) {
  return path.substr(0, path.find('?'));
}

bool query(Value& v, std::string_view path) {
  const size_t mark = path.find('?');
  return mark != std::string_view::npos && text(v, path.substr(mark + 1));
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kClient:
      return "client";
    case Role::kServer:
      return "server";
    case Role::kUnknown:
      break;
  }
  return {};
}

std::optional<int64_t> open_for_ms(const Connection& c) {
  if (c.closed_ns == 0 || c.closed_ns < c.opened_ns) return std::nullopt;
  return (c.closed_ns - c.opened_ns) / 1'000'000;
}

std::optional<uint64_t> milliseconds(const std::optional<uint64_t>& us) {
  return us ? std::optional<uint64_t>(*us / 1000) : std::nullopt;
}

const Messages* messages_of(const FieldSource& source, StreamProtocol protocol) {
  const Messages* messages = source.transaction->messages.get();
  return messages && messages->protocol == protocol ? messages : nullptr;
}

// Of the WebSockets of a connection; not known when some may have been missed.
bool websocket_count(Value& v, const Connection& c, uint64_t count) {
  return c.websocket.is_used && !c.websocket.is_lost && integer(v, count);
}

constexpr size_t kSent = index(Direction::kSent);
constexpr size_t kReceived = index(Direction::kReceived);

// clang-format off
#define CONN [](const Source& s, Rest, Value& v) -> bool { [[maybe_unused]] const Connection& c = *s.connection; return
#define TX [](const Source& s, [[maybe_unused]] Rest rest, Value& v) -> bool { const Transaction& t = *s.transaction; return
#define EVENT [](const Source& s, Rest, Value& v) -> bool { const Event& e = *s.event; return
#define OBJECT [](const Source& s, Rest, Value& v) -> bool { const Object& o = *s.object; return
#define END ; }
#define GRPC(name, type, stage, help, value) \
    {"grpc." name, type, kTransaction, help, "0.1", \
     [](const Source& s, Rest, Value& v) -> bool { \
       const Messages* m = messages_of(s, StreamProtocol::kGrpc); return m && (value); }, stage},
#define FLOW(name, protocol, part, help, value) \
    {name, kInt, kTransaction, help, "0.1", \
     [](const Source& s, Rest, Value& v) -> bool { \
       const Messages* m = messages_of(s, StreamProtocol::protocol); if (!m) return false; \
       const MessageFlow& f = m->flow(MessageKind::part); return value; }},
#define LOST(name, cause, why) \
    {"connection.sent_lost_" name "_bytes", kInt, kConnection, "Sent plain-text bytes that are missing, because " why ".", "0.1", \
     CONN integer(v, c.ledger[kSent].lost[cause]) END}, \
    {"connection.received_lost_" name "_bytes", kInt, kConnection, "Received plain-text bytes that are missing, because " why ".", "0.1", \
     CONN integer(v, c.ledger[kReceived].lost[cause]) END},

constexpr Field kFields[] = {
    {"http.req.method", kText, kTransaction, "Request method as sent.", "0.1",
     TX known_text(v, t.request.method) END, kRequestHead},
    {"http.req.host", kText, kTransaction, "Authority; may carry `:port`.", "0.1",
     TX known_text(v, t.authority) END, kAuthority},
    {"http.req.path", kText, kTransaction, "Path with query, as sent.", "0.1",
     TX known_text(v, t.path) END, kRequestHead},
    {"http.req.pathname", kText, kTransaction, "Path without query.", "0.1",
     TX known_text(v, path_name(t.path)) END, kRequestHead},
    {"http.req.query", kText, kTransaction, "What follows `?`; missing if there is none.", "0.1",
     TX query(v, t.path) END, kRequestHead},
    {"http.req.url", kText, kTransaction, "Scheme, host, path and query.", "0.1",
     TX known_text(v, t.url) END, kAuthority},
    {"http.req.scheme", kText, kTransaction, "`http` or `https`.", "0.1",
     TX known_text(v, t.scheme) END, kRequestHead},
    {"http.req.version", kText, kTransaction, "Protocol version of the request, e.g. `HTTP/1.1`.", "0.1",
     TX known_text(v, version_text(t.request.version_major, t.request.version_minor)) END, kRequestHead},
    {"http.req.headers.<name>", kText, kTransaction, "Request header field; lower-case name, repeats joined by `, `.", "0.1",
     TX header(v, t, t.request, "req.", rest) END, kRequestHead},
    {"http.req.body_bytes", kInt, kTransaction, "Length of the request body on the wire.", "0.1",
     TX integer(v, t.request.body_bytes) END},
    {"http.req.wire_bytes", kInt, kTransaction, "Length of the whole request: start line, header, framing and body.", "0.1",
     TX integer(v, t.request.wire_bytes) END},
    {"http.req.truncated_reason", kText, kTransaction, "Why the request is incomplete; missing if it is complete.", "0.1",
     TX known_text(v, http::truncation_name(t.request.truncation)) END},
    {"http.req.missing_bytes", kInt, kTransaction, "Request bytes that were not captured; missing if not known.", "0.1",
     TX known_integer(v, t.request.missing_bytes) END},
    {"http.req.content_encoding", kText, kTransaction, "Content codings of the request as applied, e.g. `gzip`; missing without one.", "0.1",
     TX kept_text(v, t, "req:coding", [&] { return content_encoding(t.request); }) END, kRequestHead},
    {"http.req.media_type", kText, kTransaction, "Type and subtype of the request's Content-Type, lower case.", "0.1",
     TX kept_text(v, t, "req:type", [&] { return type_of(t.request); }) END, kRequestHead},
    {"http.req.charset", kText, kTransaction, "Charset that the request's Content-Type tells; missing if it tells none, never guessed.", "0.1",
     TX kept_text(v, t, "req:charset", [&] { return charset_of(t.request); }) END, kRequestHead},
    {"http.req.body", kText, kTransaction, "Body of the request without content coding, as far as it was kept and could be decoded; missing if empty.", "0.1",
     TX known_text(v, decoded(t, MessageKind::kRequest).text) END},
    {"http.req.decode_state", kText, kTransaction, "What became of the request body's content coding: `complete`, `truncated`, `corrupt`, `limit`, `gap` or `unsupported`; missing without one.", "0.1",
     TX decode_state(v, decoded(t, MessageKind::kRequest)) END},
    {"http.req.decode_error", kText, kTransaction, "What ended the decoding of the request body before its end; missing if nothing did.", "0.1",
     TX known_text(v, decoded(t, MessageKind::kRequest).error) END},
    {"http.res.status", kInt, kTransaction, "Status code; missing when no response was seen.", "0.1",
     TX known_integer(v, t.response.status) END, kResponseHead},
    {"http.res.reason", kText, kTransaction, "Reason phrase of the status line, as sent.", "0.1",
     TX known_text(v, t.response.reason) END, kResponseHead},
    {"http.res.version", kText, kTransaction, "Protocol version of the response.", "0.1",
     TX t.response.status.has_value() && known_text(v, version_text(t.response.version_major, t.response.version_minor)) END, kResponseHead},
    {"http.res.headers.<name>", kText, kTransaction, "Response header field; lower-case name, repeats joined by `, `.", "0.1",
     TX header(v, t, t.response, "res.", rest) END, kResponseHead},
    {"http.res.body_bytes", kInt, kTransaction, "Length of the response body on the wire.", "0.1",
     TX integer(v, t.response.body_bytes) END},
    {"http.res.wire_bytes", kInt, kTransaction, "Length of the whole response: status line, header, framing and body.", "0.1",
     TX integer(v, t.response.wire_bytes) END},
    {"http.res.truncated_reason", kText, kTransaction, "Why the response is incomplete; missing if it is complete.", "0.1",
     TX known_text(v, http::truncation_name(t.response.truncation)) END},
    {"http.res.missing_bytes", kInt, kTransaction, "Response bytes that were not captured; missing if not known.", "0.1",
     TX known_integer(v, t.response.missing_bytes) END},
    {"http.res.content_encoding", kText, kTransaction, "Content codings of the response as applied, e.g. `gzip`; missing without one.", "0.1",
     TX kept_text(v, t, "res:coding", [&] { return content_encoding(t.response); }) END, kResponseHead},
    {"http.res.media_type", kText, kTransaction, "Type and subtype of the response's Content-Type, lower case.", "0.1",
     TX kept_text(v, t, "res:type", [&] { return type_of(t.response); }) END, kResponseHead},
    {"http.res.charset", kText, kTransaction, "Charset that the response's Content-Type tells; missing if it tells none, never guessed.", "0.1",
     TX kept_text(v, t, "res:charset", [&] { return charset_of(t.response); }) END, kResponseHead},
    {"http.res.body", kText, kTransaction, "Body of the response without content coding, as far as it was kept and could be decoded; missing if empty.", "0.1",
     TX known_text(v, decoded(t, MessageKind::kResponse).text) END},
    {"http.res.decode_state", kText, kTransaction, "What became of the response body's content coding: `complete`, `truncated`, `corrupt`, `limit`, `gap` or `unsupported`; missing without one.", "0.1",
     TX decode_state(v, decoded(t, MessageKind::kResponse)) END},
    {"http.res.decode_error", kText, kTransaction, "What ended the decoding of the response body before its end; missing if nothing did.", "0.1",
     TX known_text(v, decoded(t, MessageKind::kResponse).error) END},
    {"http.duration_ms", kInt, kTransaction, "First request byte to last response byte, milliseconds.", "0.1",
     TX known_integer(v, milliseconds(t.duration_us())) END},
    {"http.duration_us", kInt, kTransaction, "First request byte to last response byte, microseconds.", "0.1",
     TX known_integer(v, t.duration_us()) END},
    {"http.request_us", kInt, kTransaction, "First to last request byte, microseconds; missing if its end was not seen.", "0.1",
     TX known_integer(v, t.request_us()) END},
    {"http.ttfb_us", kInt, kTransaction, "First request byte to first response byte, microseconds.", "0.1",
     TX known_integer(v, t.ttfb_us()) END, kResponseHead},
    {"http.truncated", kBool, kTransaction, "Whether the capture of this transaction is incomplete.", "0.1",
     TX boolean(v, t.truncated()) END},
    {"http.missing_bytes", kInt, kTransaction, "Bytes of both messages that were not captured; missing if not known.", "0.1",
     TX known_integer(v, t.missing_bytes()) END},
    GRPC("service", kText, kRequestHead, "Full name of the service, of a gRPC call.", known_text(v, m->grpc.service))
    GRPC("method", kText, kRequestHead, "Name of the method.", known_text(v, m->grpc.method))
    GRPC("status", kInt, kEnd, "Status code; missing when none was seen.", known_integer(v, m->grpc.status))
    GRPC("status_name", kText, kEnd, "Name of the status code, e.g. `NOT_FOUND`.", known_text(v, m->grpc.status_name()))
    GRPC("message", kText, kEnd, "Text that came with the status, decoded. Sensitive.", known_text(v, m->grpc.message))
    FLOW("grpc.req.messages", kGrpc, kRequest, "Messages that the client sent; missing when some may not have been seen.", known_integer(v, f.count()))
    FLOW("grpc.req.bytes", kGrpc, kRequest, "Length of their payloads as sent.", known_integer(v, f.total_bytes()))
    FLOW("grpc.req.compressed", kGrpc, kRequest, "Messages with the compressed flag.", known_integer(v, f.is_lost ? std::nullopt : std::optional(f.compressed)))
    FLOW("grpc.res.messages", kGrpc, kResponse, "Messages that the server sent; missing when some may not have been seen.", known_integer(v, f.count()))
    FLOW("grpc.res.bytes", kGrpc, kResponse, "Length of their payloads as sent.", known_integer(v, f.total_bytes()))
    FLOW("grpc.res.compressed", kGrpc, kResponse, "Messages with the compressed flag.", known_integer(v, f.is_lost ? std::nullopt : std::optional(f.compressed)))
    FLOW("sse.events", kSse, kResponse, "Events of a `text/event-stream`; missing when some may not have been seen.", known_integer(v, f.count()))
    FLOW("sse.bytes", kSse, kResponse, "Length of these events in the stream.", known_integer(v, f.total_bytes()))
    FLOW("sse.first_event_us", kSse, kResponse, "First request byte to the end of the first event, microseconds.", f.messages > 0 && known_integer(v, s.transaction->first_message_us(MessageKind::kResponse)))
    FLOW("sse.mean_gap_us", kSse, kResponse, "Mean time between the ends of two events, microseconds.", known_integer(v, f.mean_gap_us()))
    FLOW("sse.max_gap_us", kSse, kResponse, "Longest time between the ends of two events, microseconds.", known_integer(v, f.max_gap_us()))
    FLOW("websocket.req.messages", kWebSocket, kRequest, "Messages that the client sent in a WebSocket over HTTP/2; missing when some may not have been seen.", known_integer(v, f.count()))
    FLOW("websocket.req.bytes", kWebSocket, kRequest, "Length of their payloads as sent.", known_integer(v, f.total_bytes()))
    FLOW("websocket.req.close_code", kWebSocket, kRequest, "Close code that the client sent.", known_integer(v, f.close_code))
    FLOW("websocket.res.messages", kWebSocket, kResponse, "Messages that the server sent in a WebSocket over HTTP/2; missing when some may not have been seen.", known_integer(v, f.count()))
    FLOW("websocket.res.bytes", kWebSocket, kResponse, "Length of their payloads as sent.", known_integer(v, f.total_bytes()))
    FLOW("websocket.res.close_code", kWebSocket, kResponse, "Close code that the server sent.", known_integer(v, f.close_code))
    {"transaction.id", kText, kTransaction, "Id of the transaction: 20 characters, sortable by time.", "0.1",
     TX known_text(v, t.id) END},
    {"transaction.start_ns", kInt, kTransaction, "First request byte, nanoseconds since 1970 UTC.", "0.1",
     TX t.request.start_ns != 0 && integer(v, t.request.start_ns) END, kRequestHead},
    {"transaction.request_end_ns", kInt, kTransaction, "Last request byte, nanoseconds since 1970 UTC; missing if its end was not seen.", "0.1",
     TX t.request.complete && t.request.end_ns != 0 && integer(v, t.request.end_ns) END},
    {"transaction.response_start_ns", kInt, kTransaction, "First response byte, nanoseconds since 1970 UTC.", "0.1",
     TX t.response.start_ns != 0 && integer(v, t.response.start_ns) END, kResponseHead},
    {"transaction.end_ns", kInt, kTransaction, "Last response byte, nanoseconds since 1970 UTC.", "0.1",
     TX t.response.end_ns != 0 && integer(v, t.response.end_ns) END},

    {"connection.capture_level", kText, kConnection, "How much of its process a budget lets be captured: `full`, `headers`, `summary` or `count`.", "0.1",
     CONN text(v, capture_level_name(c.capture_level)) END},
    {"direction", kText, kConnection, "`ingress`, `egress-internal` or `egress-external`.", "0.1",
     CONN known_text(v, flow_direction_name(c.direction)) END, kFlow},
    {"protocol", kText, kConnection, "Application protocol: a word of `l7Protocol`, `other` if none was proven.", "0.1",
     CONN text(v, l7_protocol_name(s.transaction ? s.transaction->protocol : c.l7)) END, kResponseHead},
    {"type", kText, kConnection, "Transport: `tcp` or `udp`.", "0.1",
     CONN text(v, transport_name(c.transport)) END, kConnected},
    {"tls.enabled", kBool, kConnection, "True on a TLS connection, else missing.", "0.1",
     CONN c.is_tls && boolean(v, true) END, kConnected},
    {"tls.version", kNumber, kConnection, "1.0, 1.1, 1.2 or 1.3; missing if no hello was seen.", "0.1",
     CONN tls_version(v, c.tls.version) END, kConnected},
    {"tls.sni", kText, kConnection, "Server name that the client asked for.", "0.1",
     CONN known_text(v, c.tls.sni) END, kConnected},
    {"tls.alpn[]", kTextList, kConnection, "Application protocols that the client offered.", "0.1",
     CONN !c.tls.alpn.empty() && (v.type = kTextList, v.list = &c.tls.alpn, true) END, kConnected},
    {"tls.state", kText, kConnection, "Whether TLS was read: `decrypted`, or why not (`no_library`, `joined_late`, ...).", "0.1",
     CONN known_text(v, tls_state_name(c.tls_state)) END},
    {"tls.bound_by", kText, kConnection, "What showed which socket the plain text belongs to: `nested_call` (a socket call inside of a call of the TLS library), `ciphertext` (a record that the library made was sent there).", "0.1",
     CONN c.bind_method && known_text(v, bind_method_name(*c.bind_method)) END},
    {"src.ip", kIp, kConnection, "Address of the local end, also of a server.", "0.1",
     CONN address(v, c.local) END, kConnected},
    {"src.port", kInt, kConnection, "Port of the local end.", "0.1",
     CONN c.local.family != 0 && integer(v, c.local.port) END, kConnected},
    {"dst.ip", kIp, kConnection, "Address of the remote end, also of a client.", "0.1",
     CONN address(v, c.remote) END, kConnected},
    {"dst.port", kInt, kConnection, "Port of the remote end.", "0.1",
     CONN c.remote.family != 0 && integer(v, c.remote.port) END, kConnected},
    {"dst.domain", kText, kConnection, "Name of the remote end (SNI, else Host); missing if only an address is known.", "0.1",
     CONN c.endpoint_is_name && known_text(v, c.endpoint_id) END, kEndpoint},
    {"dst.internal", kBool, kConnection, "Whether the remote address is an internal one.", "0.1",
     CONN c.remote.family != 0 && boolean(v, is_internal_ip(c.remote)) END, kConnected},
    {"src.process.path", kText, kConnection, "Path of the executable.", "0.1",
     CONN known_text(v, c.process.exe) END, kConnected},
    {"src.process.binary", kText, kConnection, "Base name of the executable.", "0.1",
     CONN known_text(v, base_name(c.process.exe)) END, kConnected},
    {"src.process.comm", kText, kConnection, "Name of the thread, as the kernel knows it.", "0.1",
     CONN known_text(v, c.process.comm) END},
    {"src.process.pid", kInt, kConnection, "Process id.", "0.1",
     CONN c.process.pid != 0 && integer(v, c.process.pid) END, kConnected},
    {"src.process.ppid", kInt, kConnection, "Id of the parent process.", "0.1",
     CONN c.process.ppid != 0 && integer(v, c.process.ppid) END},
    {"src.process.user.id", kInt, kConnection, "User id.", "0.1",
     CONN c.process.known && integer(v, c.process.uid) END, kConnected},
    {"src.process.user.name", kText, kConnection, "User name.", "0.1",
     CONN known_text(v, c.process.user) END, kConnected},
    {"src.container.id", kText, kConnection, "Container id, 12 characters; missing outside containers.", "0.1",
     CONN known_text(v, c.process.container_id) END, kConnected},
    {"connection.id", kText, kConnection, "Id of the connection: 20 characters, sortable by time.", "0.1",
     CONN known_text(v, c.id) END, kConnected},
    {"connection.endpoint", kText, kConnection, "Name or address of the remote end, as in events.", "0.1",
     CONN known_text(v, c.endpoint_id) END, kEndpoint},
    {"connection.role", kText, kConnection, "`client` or `server`; missing if not known.", "0.1",
     CONN known_text(v, role_name(c.role)) END, kConnected},
    {"connection.opened_ns", kInt, kConnection, "Begin, nanoseconds since 1970 UTC.", "0.1",
     CONN c.opened_ns != 0 && integer(v, c.opened_ns) END},
    {"connection.closed_ns", kInt, kConnection, "End, nanoseconds since 1970 UTC; missing while it is open.", "0.1",
     CONN c.closed_ns != 0 && integer(v, c.closed_ns) END},
    {"connection.duration_ms", kInt, kConnection, "Begin to end, milliseconds; missing while it is open.", "0.1",
     CONN known_integer(v, open_for_ms(c)) END},
    {"connection.connect_us", kInt, kConnection, "From the beginning of connect() to the answer that established the connection, microseconds, blocking or not; missing for accepted and for older connections.", "0.1",
     CONN c.connect_us != 0 && integer(v, c.connect_us) END},
    {"connection.tls_handshake_us", kInt, kConnection, "From the beginning of the first handshake call (SSL_do_handshake, SSL_connect, SSL_accept) to the end of the one that succeeded, microseconds; missing if not seen: an older connection, or SSL_read or SSL_write made the handshake.", "0.1",
     CONN c.tls_handshake_us != 0 && integer(v, c.tls_handshake_us) END},
    {"connection.joined_late", kBool, kConnection, "Whether the connection was open before the capture, or its TLS before the probes of its library.", "0.1",
     CONN boolean(v, c.joined_late) END},
    {"connection.sent_bytes", kInt, kConnection, "Payload bytes sent on the socket so far.", "0.1",
     CONN integer(v, c.wire_bytes[kSent]) END},
    {"connection.received_bytes", kInt, kConnection, "Payload bytes received on the socket so far.", "0.1",
     CONN integer(v, c.wire_bytes[kReceived]) END},
    {"connection.websocket.sent_messages", kInt, kConnection, "Messages sent in its WebSockets so far; missing without one, and when some may not have been seen.", "0.1",
     CONN websocket_count(v, c, c.websocket.messages[kSent]) END},
    {"connection.websocket.received_messages", kInt, kConnection, "Messages received in its WebSockets so far; missing as before.", "0.1",
     CONN websocket_count(v, c, c.websocket.messages[kReceived]) END},
    {"connection.websocket.sent_bytes", kInt, kConnection, "Length of the payloads of the messages sent in its WebSockets, as sent.", "0.1",
     CONN websocket_count(v, c, c.websocket.bytes[kSent]) END},
    {"connection.websocket.received_bytes", kInt, kConnection, "Length of the payloads of the messages received in its WebSockets, as sent.", "0.1",
     CONN websocket_count(v, c, c.websocket.bytes[kReceived]) END},
    {"connection.websocket.close_code", kInt, kConnection, "Close code of the last close frame that had one.", "0.1",
     CONN c.websocket.close_code != 0 && integer(v, c.websocket.close_code) END},
    {"connection.sent_plain_bytes", kInt, kConnection, "Sent plain-text bytes that were delivered so far.", "0.1",
     CONN integer(v, c.ledger[kSent].delivered) END},
    {"connection.received_plain_bytes", kInt, kConnection, "Received plain-text bytes that were delivered so far.", "0.1",
     CONN integer(v, c.ledger[kReceived].delivered) END},
    {"connection.sent_seen_bytes", kInt, kConnection, "Sent plain-text bytes that crossed the probes so far: delivered or lost.", "0.1",
     CONN integer(v, c.ledger[kSent].seen()) END},
    {"connection.received_seen_bytes", kInt, kConnection, "Received plain-text bytes that crossed the probes so far: delivered or lost.", "0.1",
     CONN integer(v, c.ledger[kReceived].seen()) END},
    {"connection.lost_bytes", kInt, kConnection, "Plain-text bytes that were not captured so far.", "0.1",
     CONN integer(v, c.lost_bytes()) END},
    LOST("ring_full", kLossRingFull, "the ring had no room")
    LOST("fault", kLossFault, "user memory could not be read")
    LOST("call_limit", kLossCallLimit, "one call moved more than 64 MiB")
    LOST("no_buffer", kLossNoBuffer, "the bytes never were in user memory (sendfile, splice)")
    LOST("host", kLossHost, "whoever feeds the session said so")

    {"event.type", kText, kEvent, "`connection`, `request` or `artifact_record`.", "0.1",
     EVENT known_text(v, e.type) END},
    {"event.time_ns", kInt, kEvent, "Time of the event, nanoseconds since 1970 UTC.", "0.1",
     EVENT integer(v, e.time_ns) END},
    {"event.connection_id", kText, kEvent, "Id of the connection that the event is about.", "0.1",
     EVENT known_text(v, e.connection_id) END},
    {"event.request_id", kText, kEvent, "Id of the transaction that the event is about; missing for connection events.", "0.1",
     EVENT known_text(v, e.request_id) END},

    {"object.type", kText, kObject, "`http_transaction`.", "0.1",
     OBJECT known_text(v, o.type) END},
    {"object.content_type", kText, kObject, "Media type of the bytes.", "0.1",
     OBJECT known_text(v, o.content_type) END},
    {"object.digest", kText, kObject, "SHA-256 of the bytes in lower-case hex: the object's key in a store.", "0.1",
     OBJECT known_text(v, o.digest) END},
    {"object.bytes", kInt, kObject, "Length of the bytes.", "0.1",
     OBJECT integer(v, o.data.size()) END},
};

#undef CONN
#undef TX
#undef EVENT
#undef OBJECT
#undef END
#undef LOST
#undef GRPC
#undef FLOW
// clang-format on

}  // namespace

std::span<const Field> field_table() {
  return kFields;
}

}  // namespace qtap
