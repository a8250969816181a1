// SPDX-License-Identifier: Apache-2.0
#include "http/h2_parser.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

// As in http1_side.cc: a body that is announced gets its room at once up to here.
constexpr uint64_t kMaxReserve = 4u << 20;

MessageKind kind_of(H2Part part) {
  return part == H2Part::kRequest ? MessageKind::kRequest : MessageKind::kResponse;
}

void mark(Message& message, Truncation reason) {
  if (message.truncation == Truncation::kNone || message.truncation == Truncation::kBodyBuffer) {
    message.truncation = reason;
  }
}

H2Connection::Start h2_start(StreamStart start) {
  return start == StreamStart::kFirstByte ? H2Connection::Start::kFresh
                                          : H2Connection::Start::kLate;
}

}  // namespace

H2Parser::H2Parser(StreamStart start, const ParserLimits& limits, ParserEvents& events)
    : limits_(limits),
      events_(events),
      connection_(h2_start(start),
                  {.header_bytes = limits.header_bytes, .streams = limits.pipelined_requests},
                  *this) {
  const Truncation at_first =
      start == StreamStart::kFirstByte ? Truncation::kCaptureLoss : Truncation::kMidstream;
  loss_ = {at_first, at_first};
}

void H2Parser::upgrade(Direction client, Ref<Exchange> tx, std::string_view settings) {
  client_ = client;
  last_ns_ = tx->request.end_ns;
  const bool is_head = tx->request.method == "HEAD";
  H2Stream& stream = connection_.upgrade(static_cast<unsigned>(index(client)), settings, is_head);
  tx->framing = Protocol::kHttp2;
  tx->stream = stream.id;
  stream.wire_before = tx->request.wire_bytes;
  stream.exchange = std::move(tx);
}

// ---- bytes
// ---------------------------------------------------------------------------------------

void H2Parser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  last_ns_ = time_ns;
  connection_.data(static_cast<unsigned>(index(direction)), time_ns,
                   {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void H2Parser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  lose(direction, time_ns, len, Truncation::kCaptureLoss);
}

void H2Parser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  lose(direction, time_ns, len, Truncation::kBudget);
}

void H2Parser::lose(Direction direction, int64_t time_ns, uint64_t len, Truncation reason) {
  if (len == 0) return;
  last_ns_ = time_ns;
  loss_[index(direction)] = reason;
  connection_.gap(static_cast<unsigned>(index(direction)), time_ns, len);
}

void H2Parser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  last_ns_ = time_ns;
  loss_[index(direction)] = Truncation::kCaptureLoss;
  is_skipping_ = limits_.body_buffer == 0;
  connection_.skipped(static_cast<unsigned>(index(direction)), time_ns, len);
  is_skipping_ = false;
}

uint64_t H2Parser::unwanted(Direction direction) const {
  const bool wanted = limits_.wants_bodies() && keeps_bodies_;
  const uint64_t left = connection_.body_left(static_cast<unsigned>(index(direction)));
  // The last byte tells when the frame was complete.
  return wanted || left == 0 ? 0 : left - 1;
}

// ---- messages
// ------------------------------------------------------------------------------------

void H2Parser::on_client(unsigned direction) {
  client_ = direction_at(direction);
  events_.on_client(client_);
}

// Promised requests come from the server.
Direction H2Parser::direction_of(const H2Stream& stream, H2Part part) const {
  const bool asks = part == H2Part::kRequest && !stream.is_pushed;
  return asks ? client_ : opposite(client_);
}

void H2Parser::begin_message(Message& message, H2Head& head) {
  message.headers = std::move(head.fields);
  message.unknown_fields = head.unknown_fields;
  message.start_ns = connection_.begin_ns();
  message.end_ns = connection_.now_ns();
  if (!head.over_limit) return;
  message.truncation = Truncation::kLimit;
  message.missing_bytes = std::nullopt;
}

void H2Parser::on_request(H2Stream& stream, H2Head&& head) {
  stream.exchange = events_.make_exchange();
  stream.exchange->framing = Protocol::kHttp2;
  stream.exchange->stream = stream.id;
  Request& request = stream.exchange->request;
  begin_message(request, head);
  request.version_major = 2;
  request.version_minor = 0;
  request.method = std::move(head.method);
  request.target = std::move(head.path);
  request.scheme = std::move(head.scheme);
  request.authority = std::move(head.authority);
  request.protocol = std::move(head.protocol);
  request.target_known = head.unknown_fields == 0 || head.has(kH2Path);
  events_.on_request_head(*stream.exchange);
}

void H2Parser::on_response(H2Stream& stream, H2Head&& head) {
  Response& response = stream.exchange->response;
  if (head.status && *head.status / 100 == 1) {  // interim: the final one follows
    return add_interim(response.interims, *head.status);
  }
  stream.answer_lost = Truncation::kNone;
  const Interims interims = response.interims;
  response = {};
  response.interims = interims;
  begin_message(response, head);
  response.version_major = 2;
  response.version_minor = 0;
  response.status = head.status;
  events_.on_response_head(*stream.exchange);
}

void H2Parser::on_trailers(H2Stream& stream, H2Part part, H2Head&& head) {
  Message& message = stream.exchange->message(kind_of(part));
  message.trailers = std::move(head.fields);
  message.unknown_fields += head.unknown_fields;
  message.end_ns = connection_.now_ns();
  if (!head.over_limit) return;
  mark(message, Truncation::kLimit);
  message.missing_bytes = std::nullopt;
}

// Once cut it stays cut: what comes later does not follow what is kept.
bool H2Parser::is_cut(const Message& message, const H2Half& half) const {
  return !keeps_bodies_ || half.lost || message.truncation == Truncation::kBudget;
}

void H2Parser::on_body(H2Stream& stream, H2Part part, std::string_view bytes) {
  Message& message = stream.exchange->message(kind_of(part));
  const H2Half& half = stream.half(part);
  message.end_ns = connection_.now_ns();
  if (limits_.tells_bodies && !is_cut(message, half)) {
    events_.on_body(*stream.exchange, {.message = kind_of(part),
                                       .direction = direction_of(stream, part),
                                       .offset = message.body_bytes,
                                       .bytes = bytes,
                                       .time_ns = message.end_ns});
  }
  message.body_bytes += bytes.size();
  keep_body(message, half, bytes);
}

void H2Parser::keep_body(Message& message, const H2Half& half, std::string_view bytes) {
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

void H2Parser::on_body_missing(H2Stream& stream, H2Part part, uint64_t len) {
  Message& message = stream.exchange->message(kind_of(part));
  message.body_bytes += len;
  message.end_ns = connection_.now_ns();
  if (is_skipping_) return;
  message.truncation = loss_[index(direction_of(stream, part))];
  if (!message.body_gap) message.body_gap = message.body.size();
  if (message.missing_bytes) *message.missing_bytes += len;
}

void H2Parser::on_lost(H2Stream& stream, H2Part part) {
  const Truncation reason = loss_[index(direction_of(stream, part))];
  if (!stream.half(part).lost) {
    stream.answer_lost = reason;
    return;
  }
  Message& message = stream.exchange->message(kind_of(part));
  mark(message, reason);
  message.missing_bytes = std::nullopt;
}

void H2Parser::tell_body_end(H2Stream& stream, H2Part part) {
  if (!limits_.tells_bodies) return;
  const Message& message = stream.exchange->message(kind_of(part));
  const H2Half& half = stream.half(part);
  std::optional<uint64_t> length = half.content_length;
  if (message.complete && !half.lost) length = message.body_bytes;
  events_.on_body_end(*stream.exchange, {.message = kind_of(part),
                                         .direction = direction_of(stream, part),
                                         .complete = message.complete,
                                         .length = length,
                                         .time_ns = last_ns_});
}

void H2Parser::on_part_end(H2Stream& stream, H2Part part) {
  Message& message = stream.exchange->message(kind_of(part));
  message.complete = true;
  message.end_ns = connection_.now_ns();
  tell_body_end(stream, part);
}

// This part will not be completed.
void H2Parser::cut_short(H2Stream& stream, H2Part part, Truncation reason) {
  Message& message = stream.exchange->message(kind_of(part));
  const H2Half& half = stream.half(part);
  if (part == H2Part::kResponse && !half.has_head) {
    const Truncation searched = half.may_lack_head ? loss_[index(opposite(client_))] : reason;
    mark(message, stream.answer_lost == Truncation::kNone ? searched : stream.answer_lost);
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
  tell_body_end(stream, part);
}

// Hands it out; what is unfinished is marked.
void H2Parser::finish(H2Stream& stream, Truncation reason) {
  Exchange& tx = *stream.exchange;
  if (!tx.request.complete) cut_short(stream, H2Part::kRequest, reason);
  if (!tx.response.complete) cut_short(stream, H2Part::kResponse, reason);
  tx.request.wire_bytes = stream.wire_before + stream.request.wire_bytes;
  tx.response.wire_bytes = stream.response.wire_bytes;
  events_.on_exchange(std::move(stream.exchange));
}

void H2Parser::on_stream_end(H2Stream& stream, H2Ending ending, H2Error) {
  const bool is_dropped = ending == H2Ending::kDropped;
  // The answer of a request whose end was lost says that it is over.
  const bool is_lost = ending == H2Ending::kDone && !stream.request.ended;
  const Truncation reason = is_dropped ? Truncation::kLimit
                            : is_lost  ? loss_[index(client_)]
                                       : Truncation::kAborted;
  finish(stream, reason);
}

void H2Parser::on_error(unsigned direction, uint64_t offset, H2Verdict verdict, uint32_t stream) {
  const bool ends_stream = verdict.scope == H2Verdict::Scope::kStream;
  events_.on_parse_error({.direction = direction_at(direction),
                          .offset = begins_[direction] + offset,
                          .stream = ends_stream ? stream : 0,
                          .reason = h2_error_name(verdict.error)});
  if (verdict.scope == H2Verdict::Scope::kConnection) {
    loss_[direction] = Truncation::kAborted;
  }
}

void H2Parser::close(int64_t, Truncation reason) {
  connection_.take_streams([&](H2Stream& stream) {
    if (stream.exchange) finish(stream, reason);
  });
}

// How far the connection came is not known: it is not asked for more than that.
void H2Parser::abandon(Truncation reason) {
  connection_.take_streams([&](H2Stream& stream) {
    if (!stream.exchange) return;
    for (const H2Part part : {H2Part::kRequest, H2Part::kResponse}) {
      Message& message = stream.exchange->message(kind_of(part));
      if (message.complete) continue;
      mark(message, reason);
      message.missing_bytes = std::nullopt;
    }
    stream.exchange->request.wire_bytes = stream.wire_before + stream.request.wire_bytes;
    stream.exchange->response.wire_bytes = stream.response.wire_bytes;
    events_.on_exchange(std::move(stream.exchange));
  });
}

std::unique_ptr<Parser> make_http2_parser(StreamStart start, const ParserLimits& limits,
                                          ParserEvents& events) {
  return std::make_unique<H2Parser>(start, limits, events);
}

}  // namespace qtap::http
