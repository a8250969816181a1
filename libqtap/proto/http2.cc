// SPDX-License-Identifier: Apache-2.0
#include "proto/http2.h"

#include <algorithm>
#include <utility>

namespace qtap::proto {
namespace {

using http::H2Half;
using http::H2Part;
using http::H2Stream;
using http::Truncation;

// As in http1_side.cc: a body that is announced gets its room at once up to here.
constexpr uint64_t kMaxReserve = 4u << 20;

http::Message& message_of(Transaction& tx, H2Part part) {
  return part == H2Part::kRequest ? static_cast<http::Message&>(tx.request) : tx.response;
}

MessageKind kind_of(H2Part part) {
  return part == H2Part::kRequest ? MessageKind::kRequest : MessageKind::kResponse;
}

void mark(http::Message& message, Truncation reason) {
  if (message.truncation == Truncation::kNone || message.truncation == Truncation::kBodyBuffer) {
    message.truncation = reason;
  }
}

http::H2Connection::Start h2_start(StreamStart start) {
  return start == StreamStart::kFirstByte ? http::H2Connection::Start::kFresh
                                          : http::H2Connection::Start::kLate;
}

}  // namespace

Http2Parser::Http2Parser(StreamStart start, const ParserLimits& limits, ParserEvents& events)
    : limits_(limits),
      events_(events),
      connection_(h2_start(start),
                  {.header_bytes = limits.header_bytes, .streams = limits.pipelined_requests},
                  *this) {
  const Truncation at_first =
      start == StreamStart::kFirstByte ? Truncation::kCaptureLoss : Truncation::kMidstream;
  loss_ = {at_first, at_first};
}

void Http2Parser::upgrade(Direction client, Ref<Transaction> tx, std::string_view settings) {
  client_ = client;
  last_ns_ = tx->request.end_ns;
  const bool is_head = tx->request.method == "HEAD";
  H2Stream& stream = connection_.upgrade(static_cast<unsigned>(index(client)), settings, is_head);
  Exchange& exchange = exchanges_[stream.id];
  stream.owner = &exchange;
  tx->protocol = L7Protocol::kHttp2;
  exchange.stream = &stream;
  exchange.wire_before = tx->request.wire_bytes;
  exchange.tx = std::move(tx);
}

// ---- bytes
// ---------------------------------------------------------------------------------------

void Http2Parser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  last_ns_ = time_ns;
  connection_.data(static_cast<unsigned>(index(direction)), time_ns,
                   {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Http2Parser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  lose(direction, time_ns, len, Truncation::kCaptureLoss);
}

void Http2Parser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  lose(direction, time_ns, len, Truncation::kBudget);
}

void Http2Parser::lose(Direction direction, int64_t time_ns, uint64_t len, Truncation reason) {
  if (len == 0) return;
  last_ns_ = time_ns;
  loss_[index(direction)] = reason;
  connection_.gap(static_cast<unsigned>(index(direction)), time_ns, len);
}

void Http2Parser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  last_ns_ = time_ns;
  loss_[index(direction)] = Truncation::kCaptureLoss;
  is_skipping_ = limits_.body_buffer == 0;
  connection_.skipped(static_cast<unsigned>(index(direction)), time_ns, len);
  is_skipping_ = false;
}

uint64_t Http2Parser::unwanted(Direction direction) const {
  const bool wanted = (limits_.body_buffer > 0 || limits_.tells_bodies) && keeps_bodies_;
  const uint64_t left = connection_.body_left(static_cast<unsigned>(index(direction)));
  // The last byte tells when the frame was complete.
  return wanted || left == 0 ? 0 : left - 1;
}

// ---- messages
// ------------------------------------------------------------------------------------

void Http2Parser::on_client(unsigned direction) {
  client_ = direction == index(Direction::kSent) ? Direction::kSent : Direction::kReceived;
  events_.on_role(client_ == Direction::kSent ? Role::kClient : Role::kServer);
}

// Promised requests come from the server.
Direction Http2Parser::direction_of(const H2Stream& stream, H2Part part) const {
  const bool asks = part == H2Part::kRequest && !stream.is_pushed;
  return asks ? client_ : opposite(client_);
}

void Http2Parser::begin_message(http::Message& message, http::H2Head& head) {
  message.headers = std::move(head.fields);
  message.unknown_fields = head.unknown_fields;
  message.start_ns = connection_.begin_ns();
  message.end_ns = connection_.now_ns();
  if (!head.over_limit) return;
  message.truncation = Truncation::kLimit;
  message.missing_bytes = std::nullopt;
}

void Http2Parser::on_request(H2Stream& stream, http::H2Head&& head) {
  Exchange& exchange = exchanges_[stream.id];
  stream.owner = &exchange;
  exchange.stream = &stream;
  exchange.tx = Ref<Transaction>::make();
  exchange.tx->protocol = L7Protocol::kHttp2;
  http::Request& request = exchange.tx->request;
  begin_message(request, head);
  request.version_major = 2;
  request.version_minor = 0;
  request.method = std::move(head.method);
  request.target = std::move(head.path);
  request.scheme = std::move(head.scheme);
  request.authority = std::move(head.authority);
  request.target_known = head.unknown_fields == 0 || head.has(http::kH2Path);
  events_.on_request_head(request);
}

void Http2Parser::on_response(H2Stream& stream, http::H2Head&& head) {
  if (head.status && *head.status / 100 == 1) return;  // interim: the final one follows
  Exchange& exchange = *static_cast<Exchange*>(stream.owner);
  exchange.answer_lost = Truncation::kNone;
  http::Response& response = exchange.tx->response;
  response = {};
  begin_message(response, head);
  response.version_major = 2;
  response.version_minor = 0;
  response.status = head.status;
}

void Http2Parser::on_trailers(H2Stream& stream, H2Part part, http::H2Head&& head) {
  Exchange& exchange = *static_cast<Exchange*>(stream.owner);
  http::Message& message = message_of(*exchange.tx, part);
  message.trailers = std::move(head.fields);
  message.unknown_fields += head.unknown_fields;
  message.end_ns = connection_.now_ns();
  if (!head.over_limit) return;
  mark(message, Truncation::kLimit);
  message.missing_bytes = std::nullopt;
}

// Once cut it stays cut: what comes later does not follow what is kept.
bool Http2Parser::is_cut(const http::Message& message, const H2Half& half) const {
  return !keeps_bodies_ || half.lost || message.truncation == Truncation::kBudget;
}

void Http2Parser::on_body(H2Stream& stream, H2Part part, std::string_view bytes) {
  Exchange& exchange = *static_cast<Exchange*>(stream.owner);
  http::Message& message = message_of(*exchange.tx, part);
  const H2Half& half = stream.half(part);
  message.end_ns = connection_.now_ns();
  if (limits_.tells_bodies && !is_cut(message, half)) {
    events_.on_body(*exchange.tx, {.message = kind_of(part),
                                   .direction = direction_of(stream, part),
                                   .offset = message.body_bytes,
                                   .bytes = bytes});
  }
  message.body_bytes += bytes.size();
  keep_body(message, half, bytes);
}

void Http2Parser::keep_body(http::Message& message, const H2Half& half, std::string_view bytes) {
  std::string& body = message.body;
  const bool cut = is_cut(message, half);
  const uint64_t room =
      cut ? 0 : limits_.body_buffer - std::min<uint64_t>(body.size(), limits_.body_buffer);
  const size_t kept = static_cast<size_t>(std::min<uint64_t>(room, bytes.size()));
  if (body.empty() && kept > 0) {
    const uint64_t expected = half.content_length.value_or(kept);
    body.reserve(static_cast<size_t>(std::min({expected, room, kMaxReserve})));
  }
  body.append(bytes.substr(0, kept));
  if (kept == bytes.size() || limits_.body_buffer == 0) return;
  if (!message.truncated()) {
    message.truncation = cut ? Truncation::kBudget : Truncation::kBodyBuffer;
  }
  if (message.missing_bytes) *message.missing_bytes += bytes.size() - kept;
}

void Http2Parser::on_body_missing(H2Stream& stream, H2Part part, uint64_t len) {
  http::Message& message = message_of(*static_cast<Exchange*>(stream.owner)->tx, part);
  message.body_bytes += len;
  message.end_ns = connection_.now_ns();
  if (is_skipping_) return;
  message.truncation = loss_[index(direction_of(stream, part))];
  if (message.missing_bytes) *message.missing_bytes += len;
}

void Http2Parser::on_lost(H2Stream& stream, H2Part part) {
  Exchange& exchange = *static_cast<Exchange*>(stream.owner);
  const Truncation reason = loss_[index(direction_of(stream, part))];
  if (!stream.half(part).lost) {
    exchange.answer_lost = reason;
    return;
  }
  http::Message& message = message_of(*exchange.tx, part);
  mark(message, reason);
  message.missing_bytes = std::nullopt;
}

void Http2Parser::tell_body_end(Exchange& exchange, H2Part part) {
  if (!limits_.tells_bodies) return;
  const http::Message& message = message_of(*exchange.tx, part);
  const H2Half& half = exchange.stream->half(part);
  std::optional<uint64_t> length = half.content_length;
  if (message.complete && !half.lost) length = message.body_bytes;
  events_.on_body_end(*exchange.tx, {.message = kind_of(part),
                                     .direction = direction_of(*exchange.stream, part),
                                     .complete = message.complete,
                                     .length = length});
}

void Http2Parser::on_part_end(H2Stream& stream, H2Part part) {
  Exchange& exchange = *static_cast<Exchange*>(stream.owner);
  http::Message& message = message_of(*exchange.tx, part);
  message.complete = true;
  message.end_ns = connection_.now_ns();
  tell_body_end(exchange, part);
}

// This part will not be completed.
void Http2Parser::cut_short(Exchange& exchange, H2Part part, Truncation reason) {
  http::Message& message = message_of(*exchange.tx, part);
  const H2Half& half = exchange.stream->half(part);
  if (part == H2Part::kResponse && !half.has_head) {
    const Truncation searched = half.may_lack_head ? loss_[index(opposite(client_))] : reason;
    mark(message, exchange.answer_lost == Truncation::kNone ? searched : exchange.answer_lost);
    message.missing_bytes = std::nullopt;
    return;
  }
  mark(message, reason);
  const bool is_known = half.content_length && !half.lost;
  if (!is_known) {
    message.missing_bytes = std::nullopt;
  } else if (message.missing_bytes) {
    *message.missing_bytes +=
        *half.content_length - std::min(*half.content_length, half.body_bytes);
  }
  tell_body_end(exchange, part);
}

// Hands it out; what is unfinished is marked.
void Http2Parser::finish(Exchange& exchange, Truncation reason) {
  const H2Stream& stream = *exchange.stream;
  Transaction& tx = *exchange.tx;
  if (!tx.request.complete) cut_short(exchange, H2Part::kRequest, reason);
  if (!tx.response.complete) cut_short(exchange, H2Part::kResponse, reason);
  tx.request.wire_bytes = exchange.wire_before + stream.request.wire_bytes;
  tx.response.wire_bytes = stream.response.wire_bytes;
  events_.on_transaction(std::move(exchange.tx));
}

void Http2Parser::on_stream_end(H2Stream& stream, http::H2Ending ending, http::H2Error) {
  const bool is_dropped = ending == http::H2Ending::kDropped;
  // The answer of a request whose end was lost says that it is over.
  const bool is_lost = ending == http::H2Ending::kDone && !stream.request.ended;
  const Truncation reason = is_dropped ? Truncation::kLimit
                            : is_lost  ? loss_[index(client_)]
                                       : Truncation::kAborted;
  finish(*static_cast<Exchange*>(stream.owner), reason);
  exchanges_.erase(stream.id);
}

void Http2Parser::on_error(unsigned direction, http::H2Verdict verdict) {
  events_.on_parse_error();
  if (verdict.scope == http::H2Verdict::Scope::kConnection) {
    loss_[direction] = Truncation::kAborted;
  }
}

void Http2Parser::close(int64_t, Truncation reason) {
  for (auto& [id, exchange] : exchanges_) {
    if (exchange.tx) finish(exchange, reason);
  }
  exchanges_.clear();
}

// How far the connection came is not known: it is not asked any more.
void Http2Parser::abandon(Truncation reason) {
  for (auto& [id, exchange] : exchanges_) {
    if (!exchange.tx || !exchange.stream) continue;
    for (const H2Part part : {H2Part::kRequest, H2Part::kResponse}) {
      http::Message& message = message_of(*exchange.tx, part);
      if (message.complete) continue;
      mark(message, reason);
      message.missing_bytes = std::nullopt;
    }
    exchange.tx->request.wire_bytes = exchange.wire_before + exchange.stream->request.wire_bytes;
    exchange.tx->response.wire_bytes = exchange.stream->response.wire_bytes;
    events_.on_transaction(std::move(exchange.tx));
  }
  exchanges_.clear();
}

std::unique_ptr<Parser> make_http2_parser(StreamStart start, const ParserLimits& limits,
                                          ParserEvents& events) {
  return std::make_unique<Http2Parser>(start, limits, events);
}

}  // namespace qtap::proto
