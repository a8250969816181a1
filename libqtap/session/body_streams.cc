// SPDX-License-Identifier: Apache-2.0
#include "session/body_streams.h"

#include <algorithm>
#include <utility>

namespace qtap::session {
namespace {

using plugin::BodyChoice;
using State = BodyFlow::State;

// A chunk is what one record carried, except where a host feeds far more at once.
constexpr size_t kMaxChunk = 256u << 10;

const http::Message& message_of(const Transaction& tx, MessageKind kind) {
  if (kind == MessageKind::kRequest) return tx.request;
  return tx.response;
}

// How much of a transaction is known; it gets its connection when it is over.
FieldStage stage_of(const Transaction& tx) {
  if (tx.connection) return FieldStage::kEnd;
  return tx.response.status ? FieldStage::kResponseHead : FieldStage::kRequestHead;
}

}  // namespace

bool streams_bodies(const std::vector<std::unique_ptr<plugin::Plugin>>& plugins,
                    const Outlet& outlet) {
  return outlet.takes_bodies() &&
         std::any_of(plugins.begin(), plugins.end(),
                     [](const auto& plugin) { return plugin->needs() == plugin::Level::kFull; });
}

// One plugin that keeps it is enough.
BodyChoice BodyStreams::choose(const Ref<Connection>& conn, Transaction& tx,
                               FieldStage stage) const {
  BodyChoice choice = BodyChoice::kNo;
  for (const auto& plugin : plugins_) {
    choice = std::max(choice, plugin->streams_bodies(conn, tx, stage));
  }
  return choice;
}

// True: it goes out from here on; what was kept of it is on its way.
bool BodyStreams::decide(const Ref<Connection>& conn, Transaction& tx, MessageKind kind,
                         Direction direction, bool wanted) {
  BodyFlow& flow = tx.body_flows[index(kind)];
  if (!wanted || flow.state != State::kUndecided) return flow.state == State::kOpen;
  const FieldStage stage = stage_of(tx);
  if (flow.asked_at == stage) return false;  // nothing more is known
  flow.asked_at = stage;
  const BodyChoice choice = choose(conn, tx, stage);
  if (choice == BodyChoice::kNo) flow.state = State::kClosed;
  if (choice != BodyChoice::kYes) return false;
  if (tx.id.empty()) tx.id = ids_.next(tx.request.start_ns);
  flow.state = State::kOpen;
  const std::string_view kept = std::string_view(message_of(tx, kind).body).substr(0, flow.kept);
  if (!kept.empty()) send(conn, tx, {.message = kind, .direction = direction, .bytes = kept});
  return true;
}

void BodyStreams::on_piece(const Ref<Connection>& conn, Transaction& tx, const BodyPiece& piece,
                           bool wanted) {
  BodyFlow& flow = tx.body_flows[index(piece.message)];
  flow.direction = piece.direction;
  if (flow.state == State::kOpen && !wanted) {
    // Whose connection it is has turned out meanwhile.
    return on_end(conn, tx, {.message = piece.message, .direction = piece.direction}, wanted);
  }
  if (decide(conn, tx, piece.message, piece.direction, wanted)) return send(conn, tx, piece);
  if (flow.state != State::kUndecided) return;
  // The message is about to keep this piece, as far as there is room. Behind a gap or a full buffer
  // what it keeps says no more where it belongs.
  if (flow.kept == piece.offset) {
    flow.kept = std::max(flow.kept, std::min(body_buffer_, piece.offset + piece.bytes.size()));
  }
}

void BodyStreams::on_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end,
                         bool wanted) {
  BodyFlow& flow = tx.body_flows[index(end.message)];
  if (flow.state == State::kUndecided) {
    flow.end = end;  // whether it may go out may still turn out
    const bool has_body = flow.kept > 0 || end.length.value_or(0) > 0;
    if (!has_body || !decide(conn, tx, end.message, end.direction, wanted)) return;
  }
  if (flow.state == State::kOpen) send_end(conn, tx, end);
}

void BodyStreams::on_transaction(const Ref<Connection>& conn, Transaction& tx) {
  for (const MessageKind kind : kMessageKinds) {
    BodyFlow& flow = tx.body_flows[index(kind)];
    if (flow.state == State::kClosed) continue;
    // Without an end: the parser was given up.
    on_end(conn, tx, flow.end.value_or(BodyEnd{.message = kind, .direction = flow.direction}),
           /*wanted=*/true);
    flow.state = State::kClosed;
  }
}

void BodyStreams::send(const Ref<Connection>& conn, const Transaction& tx, BodyPiece piece) {
  while (!piece.bytes.empty()) {
    const std::string_view bytes = piece.bytes.substr(0, kMaxChunk);
    auto chunk = Ref<BodyChunk>::make();
    chunk->transaction_id = tx.id;
    chunk->connection_id = conn->id;
    chunk->message = piece.message;
    chunk->direction = piece.direction;
    chunk->offset = piece.offset;
    chunk->data = bytes;
    outlet_.emit_body(chunk);
    piece.offset += bytes.size();
    piece.bytes.remove_prefix(bytes.size());
  }
}

void BodyStreams::send_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end) {
  auto chunk = Ref<BodyChunk>::make();
  chunk->transaction_id = tx.id;
  chunk->connection_id = conn->id;
  chunk->message = end.message;
  chunk->direction = end.direction;
  chunk->offset = end.length.value_or(0);
  chunk->last = true;
  chunk->complete = end.complete;
  chunk->length_known = end.length.has_value();
  tx.body_flows[index(end.message)].state =
      State::kClosed;  // nothing has failed: it will not be sent twice
  outlet_.emit_body(chunk);
}

}  // namespace qtap::session
