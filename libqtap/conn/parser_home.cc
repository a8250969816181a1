// SPDX-License-Identifier: Apache-2.0
#include "conn/parser_home.h"

#include "model/transaction.h"

namespace qtap::conn {
namespace {

// The host part of "host:port", "[::1]:443"; an address is no name and gives "".
std::string_view host_name(std::string_view authority) {
  if (authority.empty() || authority.front() == '[') return {};
  authority = without_user_info(authority);
  authority = authority.substr(0, authority.find(':'));
  const bool is_ipv4 = authority.find_first_not_of("0123456789.") == std::string_view::npos;
  return is_ipv4 ? std::string_view() : authority;
}

// It was kept before its process was over its budget; to write it costs as well.
void withhold_body(http::Message& message) {
  if (message.body.empty()) return;
  if (message.missing_bytes) *message.missing_bytes += message.body.size();
  message.body = {};
  if (message.truncation == http::Truncation::kNone ||
      message.truncation == http::Truncation::kBodyBuffer) {
    message.truncation = http::Truncation::kBudget;
  }
}

// What make_exchange() made.
Transaction& transaction_of(http::Exchange& exchange) {
  return static_cast<Transaction&>(exchange);
}

}  // namespace

Ref<http::Exchange> Tracked::ParserHome::make_exchange() {
  return Ref<Transaction>::make();
}

void Tracked::ParserHome::on_exchange(Ref<http::Exchange> exchange) {
  Ref<Transaction> tx = ref_cast<Transaction>(std::move(exchange));
  if (tx->protocol != L7Protocol::kGrpc) tx->protocol = l7_protocol(tx->framing);
  tx->level = owner_->conn_->capture_level;
  if (tx->level != CaptureLevel::kFull) {
    withhold_body(tx->request);
    withhold_body(tx->response);
  }
  ++owner_->counters_.transactions;
  if (tx->truncated()) ++owner_->counters_.transactions_truncated;
  if (!owner_->wanted()) {
    // What was begun while it seemed to be wanted is not left open.
    for (const MessageKind kind : kMessageKinds) {
      const BodyEnd end = {.message = kind, .direction = tx->body_flows[index(kind)].direction};
      owner_->events_.on_body_end(owner_->conn_, *tx, end, /*wanted=*/false);
    }
    return;
  }
  owner_->announce();
  tx->connection = owner_->conn_;
  resolve_url(*tx);
  owner_->events_.on_transaction(std::move(tx));
}

// The host hears of a connection before a store gets any of its bytes.
void Tracked::ParserHome::on_body(http::Exchange& exchange, const BodyPiece& piece) {
  inner_.on_body(transaction_of(exchange), piece);
  if (!owner_->options_.parser.tells_bodies) return;
  owner_->announce();
  Transaction& tx = transaction_of(exchange);
  owner_->events_.on_body(owner_->conn_, tx, piece, owner_->wanted());
  owner_->sends_bodies_ |= tx.body_flows[index(piece.message)].state == BodyFlow::State::kOpen;
}

void Tracked::ParserHome::on_body_end(http::Exchange& exchange, const BodyEnd& end) {
  inner_.on_body_end(transaction_of(exchange), end);
  if (!owner_->options_.parser.tells_bodies) return;
  owner_->events_.on_body_end(owner_->conn_, transaction_of(exchange), end, owner_->wanted());
}

// A message of a process that is over its budget is counted; its payload costs as well.
void Tracked::ParserHome::on_message(Transaction& tx, const StreamMessage& message) {
  if (message.protocol == StreamProtocol::kWebSocket) {
    WebSocketTotals& totals = writable(owner_->conn_).websocket;
    totals.is_used = true;
    if (message.close_code != 0) totals.close_code = message.close_code;
    totals.messages[index(message.direction)] += message.is_control() ? 0u : 1u;
    totals.bytes[index(message.direction)] += message.is_control() ? 0 : message.wire_length;
  }
  if (!owner_->options_.messages.tells_messages || !owner_->wanted()) return;
  owner_->announce();
  if (owner_->conn_->capture_level == CaptureLevel::kFull || message.payload.empty()) {
    return owner_->events_.on_message(owner_->conn_, tx, message);
  }
  StreamMessage withheld = message;
  withheld.payload = withheld.type = withheld.id = {};
  withheld.flags |= kMessageTruncated;
  owner_->events_.on_message(owner_->conn_, tx, withheld);
}

void Tracked::ParserHome::on_messages_lost(Transaction&, StreamProtocol protocol, Direction) {
  if (protocol != StreamProtocol::kWebSocket) return;
  WebSocketTotals& totals = writable(owner_->conn_).websocket;
  totals.is_used = totals.is_lost = true;
}

void Tracked::ParserHome::on_response_head(http::Exchange& exchange) {
  inner_.on_response_head(transaction_of(exchange));
}

std::unique_ptr<http::Parser> Tracked::ParserHome::make_next(const Ref<http::Exchange>& exchange,
                                                             Direction client) {
  Ref<http::Exchange> shared = exchange;
  return inner_.after_upgrade(ref_cast<Transaction>(std::move(shared)), client);
}

void Tracked::ParserHome::on_request_head(http::Exchange& exchange) {
  inner_.on_request_head(transaction_of(exchange));
  const http::Request& request = exchange.request;
  if (!request.authority.empty()) {
    owner_->learn_endpoint(host_name(request.authority));
  } else if (const auto host = http::find_header(request, "host")) {
    owner_->learn_endpoint(host_name(*host));
  }
}

}  // namespace qtap::conn
