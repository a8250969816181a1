// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket_reader.h"

#include <string>

#include "base/text.h"

namespace qtap::proto {
namespace {

using http::WebSocketDecoding;
using http::WebSocketFault;

// When nobody wants payloads, nothing is inflated: the first byte that comes out ends it.
http::WebSocketLimits limits_of(const MessageTeller& teller) {
  http::WebSocketLimits limits;
  if (teller.room() == 0) limits.inflate.output_bytes = 0;
  return limits;
}

uint32_t flags_of(WebSocketDecoding decoding) {
  switch (decoding) {
    case WebSocketDecoding::kPlain:
      return 0;
    case WebSocketDecoding::kInflated:
      return kMessageCompressed;
    case WebSocketDecoding::kNoContext:
      return kMessageCompressed | kMessageUndecoded | kMessageTruncated;
    case WebSocketDecoding::kBroken:
      return kMessageCompressed | kMessageTruncated | kMessageBad;
    case WebSocketDecoding::kGap:
    case WebSocketDecoding::kLimit:
      break;
  }
  return kMessageCompressed | kMessageTruncated;
}

}  // namespace

WebSocketReader::WebSocketReader(const MessageTeller& teller,
                                 const std::optional<http::WebSocketDeflate>& deflate)
    : teller_(teller),
      payload_(teller_.room()),
      side_(teller_.is_request() ? http::WebSocketSide::Masking::kClient
                                 : http::WebSocketSide::Masking::kServer,
            deflate, limits_of(teller_), *this) {}

void WebSocketReader::on_message_end(const http::WebSocketMessage& message) {
  StreamMessage told;
  told.opcode = static_cast<uint8_t>(message.opcode);
  told.index = message.index;
  told.wire_length = message.wire_bytes;
  told.missing_bytes = message.missing_bytes;
  told.first_ns = message.first_ns;
  told.last_ns = message.last_ns;
  told.flags = flags_of(message.decoding);
  const bool is_known = message.decoding == WebSocketDecoding::kPlain ||
                        message.decoding == WebSocketDecoding::kInflated;
  told.length = is_known ? message.decoded_bytes : message.wire_bytes;
  if (!message.is_complete || message.missing_bytes > 0) told.flags |= kMessageIncomplete;
  if (message.is_bad_text) told.flags |= kMessageBad;
  told.payload = payload_.bytes();
  if (told.payload.size() < told.length) told.flags |= kMessageTruncated;
  teller_.tell(told);
}

void WebSocketReader::on_control(const http::WebSocketControl& control) {
  StreamMessage told;
  told.opcode = static_cast<uint8_t>(control.opcode);
  told.index = side_.counters().messages;
  told.close_code = control.close_code.value_or(0);
  told.length = told.wire_length = control.payload.size() + control.missing_bytes;
  told.missing_bytes = control.missing_bytes;
  told.first_ns = control.first_ns;
  told.last_ns = control.last_ns;
  if (control.missing_bytes > 0) told.flags |= kMessageIncomplete | kMessageTruncated;
  if (control.is_bad_close) told.flags |= kMessageBad;
  told.payload = control.payload.substr(0, payload_.room());
  if (told.payload.size() < told.length) told.flags |= kMessageTruncated;
  teller_.tell(told);
}

// A stream that ends within a message was cut by a peer: nothing more came.
void WebSocketReader::on_fault(WebSocketFault fault, uint64_t) {
  const bool is_cut = fault == WebSocketFault::kCutFrame || fault == WebSocketFault::kCutMessage;
  if (!is_cut) teller_.lose();
  if (!is_cut && fault != WebSocketFault::kGap) teller_.on_error();
}

WebSocketDeflates websocket_deflates(const http::Response& response) {
  std::string value;  // RFC 9110, 5.3: several fields are one list
  for (const http::Header field : response.headers) {
    if (!equal_ignoring_case(field.name, "sec-websocket-extensions")) continue;
    if (!value.empty()) value += ',';
    value += field.value;
  }
  const http::WebSocketExtensions agreed = http::websocket_extensions(value);
  if (!agreed.has_deflate) return {};
  return {.client = agreed.client, .server = agreed.server};
}

}  // namespace qtap::proto
