// SPDX-License-Identifier: Apache-2.0
#include "model/message_json.h"

#include <string>

namespace qtap {
namespace {

using Count = std::optional<uint64_t>;

// Null: more may have come than were seen.
void write_count(JsonWriter& json, JsonName name, const Count& count) {
  count ? json.member(name, *count) : json.null(name);
}

void write_known(JsonWriter& json, JsonName name, const Count& value) {
  if (value) json.member(name, *value);
}

void write_text(JsonWriter& json, JsonName name, const std::string& text) {
  text.empty() ? json.null(name) : json.member(name, text);
}

uint64_t elapsed_us(int64_t from_ns, int64_t to_ns) {
  return to_ns > from_ns ? static_cast<uint64_t>(to_ns - from_ns) / 1000 : 0;
}

void write_grpc_counts(JsonWriter& json, const Messages& messages) {
  const GrpcFacts& grpc = messages.grpc;
  const MessageFlow& asked = messages.flow(MessageKind::kRequest);
  const MessageFlow& answered = messages.flow(MessageKind::kResponse);
  write_text(json, "grpcService", grpc.service);
  write_text(json, "grpcMethod", grpc.method);
  grpc.status ? json.member("grpcStatus", std::to_string(*grpc.status)) : json.null("grpcStatus");
  json.optional("grpcStatusName", grpc.status_name());
  write_count(json, "grpcRequestMessages", asked.count());
  write_count(json, "grpcResponseMessages", answered.count());
  write_count(json, "grpcRequestBytes", asked.total_bytes());
  write_count(json, "grpcResponseBytes", answered.total_bytes());
}

void write_grpc(JsonWriter& json, const Messages& messages) {
  const GrpcFacts& grpc = messages.grpc;
  const MessageFlow& asked = messages.flow(MessageKind::kRequest);
  const MessageFlow& answered = messages.flow(MessageKind::kResponse);
  json.begin_object("grpc");
  write_text(json, "service", grpc.service);
  write_text(json, "method", grpc.method);
  grpc.status ? json.member("status", *grpc.status) : json.null("status");
  json.optional("status_name", grpc.status_name());
  json.optional("message", grpc.message);
  write_count(json, "request_messages", asked.count());
  write_count(json, "response_messages", answered.count());
  write_count(json, "request_bytes", asked.total_bytes());
  write_count(json, "response_bytes", answered.total_bytes());
  json.end_object();
}

void write_sse_counts(JsonWriter& json, const Transaction& tx) {
  const MessageFlow& flow = tx.messages->flow(MessageKind::kResponse);
  write_count(json, "sseEvents", flow.count());
  write_count(json, "sseBytes", flow.total_bytes());
  write_known(json, "sseFirstEventUs", tx.first_message_us(MessageKind::kResponse));
  write_known(json, "sseMeanGapUs", flow.mean_gap_us());
  write_known(json, "sseMaxGapUs", flow.max_gap_us());
}

void write_sse(JsonWriter& json, const Transaction& tx) {
  const MessageFlow& flow = tx.messages->flow(MessageKind::kResponse);
  json.begin_object("sse");
  write_count(json, "events", flow.count());
  write_count(json, "bytes", flow.total_bytes());
  write_known(json, "first_event_us", tx.first_message_us(MessageKind::kResponse));
  write_known(json, "mean_gap_us", flow.mean_gap_us());
  write_known(json, "max_gap_us", flow.max_gap_us());
  json.end_object();
}

void write_websocket_counts(JsonWriter& json, const Messages& messages) {
  const MessageFlow& asked = messages.flow(MessageKind::kRequest);
  const MessageFlow& answered = messages.flow(MessageKind::kResponse);
  write_count(json, "websocketRequestMessages", asked.count());
  write_count(json, "websocketResponseMessages", answered.count());
  write_count(json, "websocketRequestBytes", asked.total_bytes());
  write_count(json, "websocketResponseBytes", answered.total_bytes());
  if (asked.close_code) json.member("websocketRequestCloseCode", uint32_t{*asked.close_code});
  if (answered.close_code) {
    json.member("websocketResponseCloseCode", uint32_t{*answered.close_code});
  }
}

void write_websocket(JsonWriter& json, const Messages& messages) {
  const MessageFlow& asked = messages.flow(MessageKind::kRequest);
  const MessageFlow& answered = messages.flow(MessageKind::kResponse);
  json.begin_object("websocket");
  write_count(json, "request_messages", asked.count());
  write_count(json, "response_messages", answered.count());
  write_count(json, "request_bytes", asked.total_bytes());
  write_count(json, "response_bytes", answered.total_bytes());
  if (asked.close_code) json.member("request_close_code", uint32_t{*asked.close_code});
  if (answered.close_code) json.member("response_close_code", uint32_t{*answered.close_code});
  json.end_object();
}

void write_flags(JsonWriter& json, uint32_t flags) {
  struct Name {
    uint32_t flag;
    const char* name;
  };
  // Not kMessageTruncated and kMessageUndecoded: they tell of payloads, which are not here.
  constexpr Name kNames[] = {{kMessageCompressed, "compressed"},
                             {kMessageIncomplete, "incomplete"},
                             {kMessageAfterLoss, "after_loss"},
                             {kMessageBad, "bad"}};
  json.begin_list("flags");
  for (const Name& row : kNames) {
    if ((flags & row.flag) != 0) json.element(row.name);
  }
  json.end_list();
}

void write_list(JsonWriter& json, const Transaction& tx) {
  const int64_t begin_ns = tx.request.start_ns;
  json.begin_list("messages");
  for (const MessageSummary& message : tx.messages->list) {
    json.begin_object();
    json.member("part", message.part == MessageKind::kRequest ? "request" : "response");
    json.optional("opcode", uint64_t{message.opcode});
    json.member("size", message.size);
    json.member("first_us", elapsed_us(begin_ns, message.first_ns));
    json.member("last_us", elapsed_us(begin_ns, message.last_ns));
    write_flags(json, message.flags);
    json.end_object();
  }
  json.end_list();
  json.optional("messages_left_out", tx.messages->left_out);
}

}  // namespace

void write_message_counts(JsonWriter& json, const Transaction& tx) {
  if (!tx.messages) return;
  switch (tx.messages->protocol) {
    case StreamProtocol::kGrpc:
      return write_grpc_counts(json, *tx.messages);
    case StreamProtocol::kSse:
      return write_sse_counts(json, tx);
    case StreamProtocol::kWebSocket:
      return write_websocket_counts(json, *tx.messages);
    case StreamProtocol::kNone:
      return;
  }
}

void write_messages(JsonWriter& json, const Transaction& tx) {
  if (!tx.messages || tx.messages->protocol == StreamProtocol::kNone) return;
  if (tx.messages->protocol == StreamProtocol::kGrpc) write_grpc(json, *tx.messages);
  if (tx.messages->protocol == StreamProtocol::kSse) write_sse(json, tx);
  if (tx.messages->protocol == StreamProtocol::kWebSocket) write_websocket(json, *tx.messages);
  write_list(json, tx);
}

void write_websocket_totals(JsonWriter& json, const WebSocketTotals& totals) {
  if (!totals.is_used) return;
  const auto known = [&](uint64_t value) { return totals.is_lost ? Count() : Count(value); };
  constexpr size_t kSent = index(Direction::kSent);
  constexpr size_t kReceived = index(Direction::kReceived);
  json.begin_object("websocket");
  write_count(json, "messagesSent", known(totals.messages[kSent]));
  write_count(json, "messagesReceived", known(totals.messages[kReceived]));
  write_count(json, "bytesSent", known(totals.bytes[kSent]));
  write_count(json, "bytesReceived", known(totals.bytes[kReceived]));
  if (totals.close_code != 0) json.member("closeCode", uint32_t{totals.close_code});
  json.end_object();
}

}  // namespace qtap
