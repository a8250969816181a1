// SPDX-License-Identifier: Apache-2.0
#include "http/h1_parser.h"

#include <memory>
#include <type_traits>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "http/h2_parser.h"
#include "http/tunnel_parser.h"

namespace qtap::http {
namespace {

// RFC 9110, 15.2: an interim response, the final one follows. 101 is the last that HTTP says.
bool is_interim(int status) {
  return status / 100 == 1 && status != 101;
}

// A response may be put into the place of another one.
static_assert(std::is_nothrow_default_constructible_v<Response> &&
              std::is_nothrow_move_constructible_v<Response>);

constexpr const char* kHttp2Settings = "http2-settings";

bool upgrades_to_h2c(const Message& message) {
  const auto upgrade = find_header(message, "upgrade");
  return upgrade && lower(*upgrade).find("h2c") != std::string::npos;
}

bool is_h2c_upgrade(const PendingExchange& exchange) {
  return exchange.tx && exchange.request_done && exchange.tx->response.status == 101 &&
         upgrades_to_h2c(exchange.tx->request) && upgrades_to_h2c(exchange.tx->response) &&
         find_header(exchange.tx->request, kHttp2Settings);
}

bool has_ends(const PendingExchange& exchange) {
  return exchange.tx->request.complete && exchange.tx->response.complete;
}

MessageKind kind_of(const H1Side& side) {
  return side.is_response() ? MessageKind::kResponse : MessageKind::kRequest;
}

}  // namespace

H1Parser::H1Parser(const ParserLimits& limits, ParserEvents& events,
                   std::optional<Direction> client)
    : limits_(limits),
      events_(events),
      requests_(HTTP_REQUEST, limits_, *this),
      responses_(HTTP_RESPONSE, limits_, *this),
      pairing_(limits_.pipelined_requests, events_) {
  if (!client) return;
  assigned_ = true;
  request_direction_ = *client;
  requests_.begin();
  responses_.begin();
}

// ---- bytes
// ---------------------------------------------------------------------------------------

void H1Parser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (next_) return next_->data(direction, time_ns, bytes);
  last_ns_ = time_ns;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (assigned_) {
    (direction == request_direction_ ? requests_ : responses_).data(time_ns, text);
    return;
  }
  StartFinder& finder = unassigned_[index(direction)];
  const size_t used = finder.add(time_ns, text);
  passed_[index(direction)] += used;
  if (!finder.has_found()) return;
  assign_sides(direction);
  data(direction, time_ns, bytes.subspan(used));
}

// Whoever is seen to begin a request asks.
void H1Parser::assign_sides(Direction direction) {
  const bool asks = unassigned_[index(direction)].found() == StartLine::kRequest;
  request_direction_ = asks ? direction : opposite(direction);
  assigned_ = true;
  events_.on_client(request_direction_);
  for (H1Side* side : {&requests_, &responses_}) {
    const size_t d = index(direction_of(*side));
    side->adopt(std::move(unassigned_[d]), passed_[d]);
  }
}

void H1Parser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->gap(direction, time_ns, len);
  lose(direction, time_ns, len, Truncation::kCaptureLoss);
}

void H1Parser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->left_out(direction, time_ns, len);
  lose(direction, time_ns, len, Truncation::kBudget);
}

void H1Parser::lose(Direction direction, int64_t time_ns, uint64_t len, Truncation reason) {
  if (len == 0) return;
  last_ns_ = time_ns;
  if (!assigned_) {
    unassigned_[index(direction)].lose();
    passed_[index(direction)] += len;
  } else if (direction == request_direction_) {
    if (requests_.gap(time_ns, len, reason) != H1Side::Loss::kNone) pairing_.lose_requests();
  } else {
    const H1Side::Loss loss = responses_.gap(time_ns, len, reason);
    if (loss != H1Side::Loss::kNone) interims_ = {};
    pairing_.lose_responses(loss, reason);
    // It was the rest of the answer that opened a tunnel, and perhaps the beginning of what is in
    // it.
    if (next_) next_->gap(direction, time_ns, len);
  }
}

void H1Parser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->skipped(direction, time_ns, len);
  if (len == 0) return;
  last_ns_ = time_ns;
  if (!assigned_) return gap(direction, time_ns, len);
  H1Side& side = direction == request_direction_ ? requests_ : responses_;
  const uint64_t body = side.skipped(time_ns, len);
  if (body < len) gap(direction, time_ns, len - body);
}

void H1Parser::keep_bodies(bool keep) {
  keeps_bodies_ = keep;
  if (next_) next_->keep_bodies(keep);
  requests_.keep_bodies(keep);
  responses_.keep_bodies(keep);
}

uint64_t H1Parser::unwanted(Direction direction) const {
  if (next_) return next_->unwanted(direction);
  const bool wanted = limits_.wants_bodies() && keeps_bodies_;
  if (!assigned_ || wanted) return 0;
  return (direction == request_direction_ ? requests_ : responses_).unwanted();
}

void H1Parser::close(int64_t time_ns, Truncation reason) {
  const bool at_end = reason == Truncation::kAborted;
  requests_.close(reason, at_end);
  responses_.close(reason, at_end);
  pairing_.give_up(reason);
  if (next_) next_->close(time_ns, reason);
}

// The sides stand in the middle of something and are not asked for anything but facts.
void H1Parser::abandon(Truncation reason) {
  if (open_response_ && open_response_->tx)
    responses_.drop_half_field(open_response_->tx->response);
  if (open_request_ && open_request_->tx) requests_.drop_half_field(open_request_->tx->request);
  if (opening_ && requests_.has_start_line()) {
    requests_.drop_half_field(opening_->request);
    take_request();
  }
  pairing_.abandon(reason);
  if (next_) next_->abandon(reason);
}

int64_t H1Parser::pending_since_ns() const {
  if (next_) return next_->pending_since_ns();
  return pairing_.pending() || requests_.in_message() ? last_ns_ : 0;
}

void H1Parser::on_side_error(H1Side& side, uint64_t offset, const char* reason) {
  const Direction direction = direction_of(side);
  events_.on_parse_error(
      {.direction = direction, .offset = begins_[index(direction)] + offset, .reason = reason});
  if (side.is_response()) {
    interims_ = {};
    pairing_.lose_responses(H1Side::Loss::kMessageEnd, Truncation::kCaptureLoss);
  } else {
    pairing_.lose_requests();
  }
}

// ---- messages
// ------------------------------------------------------------------------------------

Message& H1Parser::on_message_begin(H1Side& side) {
  if (side.is_response()) {
    // Costs a fraction of assigning an empty one, for each message.
    std::destroy_at(&response_);
    std::construct_at(&response_);
    has_response_head_ = false;
    return response_;
  }
  opening_ = events_.make_exchange();
  return opening_->request;
}

H1Side::Body H1Parser::on_head(H1Side& side) {
  if (side.is_response()) {
    take_response();
    if (open_response_ && open_response_->tx) events_.on_response_head(*open_response_->tx);
    return response_body();
  }
  take_request();
  events_.on_request_head(*open_request_->tx);
  return H1Side::Body::kAsFramed;
}

void H1Parser::take_request() {
  Request& request = opening_->request;
  request.method = requests_.method();
  request.target = requests_.start_text();
  request.version_major = requests_.version_major();
  request.version_minor = requests_.version_minor();
  open_request_ = &pairing_.add(std::move(opening_), responses_.in_message());
  if (pairing_.lost_upgrade() && requests_.holds()) requests_.tunnel();
}

void H1Parser::take_response() {
  has_response_head_ = true;
  status_ = responses_.status();
  response_.status = status_;
  response_.reason = responses_.start_text();
  response_.version_major = responses_.version_major();
  response_.version_minor = responses_.version_minor();
  if (is_interim(status_)) return;
  response_.interims = std::exchange(interims_, {});
  open_response_ = pairing_.match();
  if (pairing_.lost_upgrade() && requests_.holds()) requests_.tunnel();
  if (!open_response_ || !open_response_->tx) return;
  Response& response = open_response_->tx->response;
  std::destroy_at(&response);
  std::construct_at(&response, std::move(response_));
  if (responses_.in_message()) responses_.set_message(response);
}

// RFC 9112, 6.3, rules 1 and 2: what has no body whatever its fields say.
H1Side::Body H1Parser::response_body() const {
  const bool is_head = open_response_ && open_response_->is_head;
  const bool is_tunnel = open_response_ && open_response_->is_connect && status_ / 100 == 2;
  const bool has_none = status_ / 100 == 1 || status_ == 204 || status_ == 304;
  return is_head || is_tunnel || has_none ? H1Side::Body::kNone : H1Side::Body::kAsFramed;
}

// A response that answers nobody, or a request that was handed out already, goes nowhere.
void H1Parser::on_body(H1Side& side, uint64_t offset, std::string_view bytes) {
  const PendingExchange* exchange = side.is_response() ? open_response_ : open_request_;
  if (!exchange || !exchange->tx) return;
  events_.on_body(*exchange->tx, {.message = kind_of(side),
                                  .direction = direction_of(side),
                                  .offset = offset,
                                  .bytes = bytes,
                                  .time_ns = last_ns_});
}

void H1Parser::tell_body_end(const H1Side& side, Exchange* tx) {
  if (!tx || !limits_.tells_bodies) return;
  const Message& message = tx->message(kind_of(side));
  events_.on_body_end(*tx, {.message = kind_of(side),
                            .direction = direction_of(side),
                            .complete = message.complete,
                            .length = side.body_length(),
                            .time_ns = last_ns_});
}

void H1Parser::on_message_end(H1Side& side) {
  side.is_response() ? on_response_end() : on_request_end();
}

void H1Parser::on_request_end() {
  if (opening_) {
    // Cut short within its head. Without a start line nothing is known of it.
    if (!requests_.has_start_line()) {
      opening_ = {};
      return;
    }
    take_request();
  }
  PendingExchange& exchange = *std::exchange(open_request_, nullptr);
  tell_body_end(requests_, exchange.tx.get());
  if (requests_.holds()) {
    if (!exchange.response_done) {
      exchange.asks_upgrade = true;
    } else if (exchange.tx->response.status) {
      requests_.release();  // answered before it was complete: refused
    } else {
      requests_.tunnel();  // whether it was granted will not be known
    }
  }
  pairing_.request_done(exchange);
}

void H1Parser::on_response_end() {
  if (!has_response_head_ && responses_.has_start_line()) take_response();
  PendingExchange* answered = std::exchange(open_response_, nullptr);
  const bool has_status = std::exchange(has_response_head_, false);
  if (has_status && is_interim(status_)) add_interim(interims_, status_);
  const bool is_granted = answered && answered->is_connect && status_ / 100 == 2;
  if (has_status && (status_ == 101 || is_granted)) {
    // Behind an error within the head nobody knows where it ends.
    const bool reads_on = answered && !responses_.is_broken();
    if (reads_on && is_h2c_upgrade(*answered)) {
      hand_over(*answered);
    } else if (reads_on && answered->tx && status_ == 101) {
      next_ = events_.make_next(answered->tx, request_direction_);
    } else if (reads_on && answered->tx && has_ends(*answered)) {
      open_tunnel();  // else nobody knows where one of its sides begins
    }
    const uint64_t lost = requests_.lost_held();
    requests_.tunnel();
    if (next_ && lost > 0) next_->gap(request_direction_, last_ns_, lost);
    responses_.tunnel();
  }
  if (!answered) return;
  tell_body_end(responses_, answered->tx.get());
  const bool was_held = answered->asks_upgrade;
  pairing_.response_done(*answered);
  if (was_held) requests_.release();
}

// RFC 7540, 3.2: the request is stream 1 of what follows, and is answered there.
void H1Parser::hand_over(PendingExchange& answered) {
  const auto settings = find_header(answered.tx->request, kHttp2Settings);
  const std::string payload = base64url_bytes(*settings).value_or("");
  Ref<Exchange> tx = pairing_.take(answered);
  tx->response = {};
  auto next = std::make_unique<H2Parser>(StreamStart::kFirstByte, limits_, events_);
  next->keep_bodies(keeps_bodies_);
  next->begin_at(next_begins());
  next->upgrade(request_direction_, std::move(tx), payload);
  next_ = std::move(next);
  events_.on_protocol(Protocol::kHttp2);
}

// RFC 9110, 9.3.6: what comes behind CONNECT may be anything, and HTTP as well.
void H1Parser::open_tunnel() {
  if (limits_.tunnels == 0) return events_.on_limit();
  ParserLimits limits = limits_;
  --limits.tunnels;
  next_ = std::make_unique<TunnelParser>(limits, events_, request_direction_, next_begins());
  next_->keep_bodies(keeps_bodies_);
}

// Where what follows this protocol begins.
std::array<uint64_t, 2> H1Parser::next_begins() const {
  std::array<uint64_t, 2> begins = begins_;
  for (const H1Side* side : {&requests_, &responses_}) {
    begins[index(direction_of(*side))] += side->tunnel_offset();
  }
  return begins;
}

void H1Parser::on_tunnelled(H1Side& side, int64_t time_ns, std::string_view bytes) {
  if (!next_) return;
  next_->data(direction_of(side), time_ns,
              {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

ParserEvents::~ParserEvents() = default;

std::unique_ptr<Parser> ParserEvents::make_next(const Ref<Exchange>&, Direction) {
  return nullptr;
}

std::unique_ptr<Parser> make_http1_parser(const ParserLimits& limits, ParserEvents& events,
                                          std::optional<Direction> client) {
  return std::make_unique<H1Parser>(limits, events, client);
}

}  // namespace qtap::http
