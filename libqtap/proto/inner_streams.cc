// SPDX-License-Identifier: Apache-2.0
#include "proto/inner_streams.h"

#include <memory>
#include <utility>

#include "http/fields.h"
#include "http/grpc.h"
#include "http/media_type.h"
#include "http/websocket_upgrade.h"
#include "proto/grpc_reader.h"
#include "proto/sse_reader.h"
#include "proto/websocket.h"
#include "proto/websocket_reader.h"

namespace qtap::proto {
namespace {

using http::GrpcKind;
using http::Truncation;

std::string_view value_of(const http::Message& message, std::string_view name) {
  return http::find_header(message, name).value_or(std::string_view());
}

GrpcKind grpc_kind(const http::Message& message) {
  const std::string_view type = value_of(message, "content-type");
  return type.empty() ? GrpcKind::kNone : http::grpc_type(type).kind;
}

// Whether the capture, not a peer, took something from this message whose place no offset told:
// its end, or whole frames. A limit of a complete one took header fields.
bool is_cut_by_us(const http::Message& message) {
  const Truncation reason = message.truncation;
  if (reason == Truncation::kNone || reason == Truncation::kBodyBuffer ||
      reason == Truncation::kAborted) {
    return false;
  }
  return !message.complete || (!message.missing_bytes && reason != Truncation::kLimit);
}

// RFC 8441, 4 and 5.
bool is_websocket_over_http2(const Transaction& tx) {
  return tx.request.method == "CONNECT" && tx.request.protocol == "websocket" &&
         tx.response.status == 200;
}

}  // namespace

void InnerStreams::on_request_head(Transaction& tx) {
  if (grpc_kind(tx.request) == GrpcKind::kNone) return;
  begin_grpc(tx);
  read_grpc(tx, MessageKind::kRequest);
}

void InnerStreams::on_response_head(Transaction& tx) {
  // The request's head may not be known, of a connection that was joined late.
  if (grpc_kind(tx.response) != GrpcKind::kNone) {
    if (!tx.messages) begin_grpc(tx);
    read_grpc(tx, MessageKind::kResponse);
  } else if (is_websocket_over_http2(tx)) {
    begin_websocket(tx);
  } else if (http::is_media_type(value_of(tx.response, "content-type"), "text", "event-stream")) {
    begin_sse(tx);
  }
}

MessageTeller InnerStreams::teller(Transaction& tx, StreamProtocol protocol, MessageKind part) {
  const Direction direction = part == MessageKind::kRequest ? client_ : opposite(client_);
  return {tx, protocol, part, direction, limits_, events_};
}

void InnerStreams::begin_grpc(Transaction& tx) {
  const GrpcKind asked = grpc_kind(tx.request);
  tx.messages = Ref<Messages>::make();
  tx.messages->protocol = StreamProtocol::kGrpc;
  // What the client sent has passed by unread.
  if (asked == GrpcKind::kNone) tx.messages->flow(MessageKind::kRequest).is_lost = true;
  GrpcFacts& grpc = tx.messages->grpc;
  grpc.kind = asked != GrpcKind::kNone ? asked : grpc_kind(tx.response);
  if (const auto call = http::grpc_call(tx.request.target)) {
    grpc.service = call->service;
    grpc.method = call->method;
  }
  // gRPC-Web is what a browser's HTTP carries; gRPC is a protocol of its own over HTTP/2.
  if (grpc.kind != GrpcKind::kGrpc || tx.framing != http::Protocol::kHttp2) return;
  tx.protocol = L7Protocol::kGrpc;
  if (!std::exchange(has_told_grpc_, true)) events_.on_grpc();
}

void InnerStreams::read_grpc(Transaction& tx, MessageKind part) {
  const http::Message& message = tx.message(part);
  tx.messages->readers[index(part)] =
      std::make_unique<GrpcReader>(teller(tx, StreamProtocol::kGrpc, part), grpc_kind(message),
                                   http::grpc_encoding(message.headers));
}

void InnerStreams::begin_websocket(Transaction& tx) {
  const WebSocketDeflates deflates = websocket_deflates(tx.response);
  tx.messages = Ref<Messages>::make();
  tx.messages->protocol = StreamProtocol::kWebSocket;
  for (const MessageKind part : http::kMessageKinds) {
    tx.messages->readers[index(part)] = std::make_unique<WebSocketReader>(
        teller(tx, StreamProtocol::kWebSocket, part),
        part == MessageKind::kRequest ? deflates.client : deflates.server);
  }
}

// The answer to a gRPC call may be one by mistake: its facts stay.
void InnerStreams::begin_sse(Transaction& tx) {
  if (tx.messages) return;
  tx.messages = Ref<Messages>::make();
  tx.messages->protocol = StreamProtocol::kSse;
  tx.messages->readers[index(MessageKind::kResponse)] =
      std::make_unique<SseReader>(teller(tx, StreamProtocol::kSse, MessageKind::kResponse),
                                  http::body_codings(tx.response.headers));
}

std::unique_ptr<http::Parser> InnerStreams::after_upgrade(const Ref<Transaction>& tx,
                                                          Direction client) {
  if (!http::accepts_websocket(tx->request, tx->response)) return nullptr;
  return std::make_unique<WebSocketParser>(client, tx, limits_, events_);
}

void InnerStreams::on_body(Transaction& tx, const http::BodyPiece& piece) {
  if (!tx.messages) return;
  auto* reader = static_cast<BodyReader*>(tx.messages->readers[index(piece.message)].get());
  if (reader) reader->piece(piece.time_ns, piece.offset, piece.bytes);
}

void InnerStreams::on_body_end(Transaction& tx, const http::BodyEnd& end) {
  if (!tx.messages) return;
  Messages& messages = *tx.messages;
  if (const auto reader = std::move(messages.readers[index(end.message)])) {
    static_cast<BodyReader*>(reader.get())->end(end.time_ns, end.length);
    bool& is_lost = messages.flow(end.message).is_lost;
    if (!is_lost && is_cut_by_us(tx.message(end.message))) {
      is_lost = true;
      events_.on_messages_lost(tx, messages.protocol, end.direction);
    }
  }
  if (end.message == MessageKind::kRequest || messages.protocol != StreamProtocol::kGrpc) return;
  if (messages.grpc.status) return;  // of the trailers in the body
  http::GrpcStatus status = http::grpc_status(tx.response.headers, tx.response.trailers);
  messages.grpc.status = status.code;
  messages.grpc.message = std::move(status.message);
}

}  // namespace qtap::proto
