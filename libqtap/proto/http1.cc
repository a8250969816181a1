// SPDX-License-Identifier: Apache-2.0
#include "proto/http1.h"

#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "proto/http2.h"

namespace qtap::proto {
namespace {

// RFC 9110, 15.2: an interim response, the final one follows. 101 is the last that HTTP says.
bool is_interim(int status) {
  return status / 100 == 1 && status != 101;
}

constexpr const char* kHttp2Settings = "http2-settings";

bool upgrades_to_h2c(const http::Message& message) {
  const std::string* upgrade = http::find_header(message, "upgrade");
  return upgrade && lower(*upgrade).find("h2c") != std::string::npos;
}

bool is_h2c_upgrade(const Exchange& exchange) {
  return exchange.tx && exchange.request_done && exchange.tx->response.status == 101 &&
         upgrades_to_h2c(exchange.tx->request) && upgrades_to_h2c(exchange.tx->response) &&
         http::find_header(exchange.tx->request, kHttp2Settings);
}

MessageKind kind_of(const Http1Side& side) {
  return side.is_response() ? MessageKind::kResponse : MessageKind::kRequest;
}

}  // namespace

Http1Parser::Http1Parser(const ParserLimits& limits, ParserEvents& events)
    : limits_(limits),
      events_(events),
      requests_(HTTP_REQUEST, limits_, *this),
      responses_(HTTP_RESPONSE, limits_, *this),
      pairing_(limits_.pipelined_requests, events_) {}

// ---- bytes
// ---------------------------------------------------------------------------------------

void Http1Parser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (next_) return next_->data(direction, time_ns, bytes);
  last_ns_ = time_ns;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (assigned_) {
    (direction == request_direction_ ? requests_ : responses_).data(time_ns, text);
    return;
  }
  StartFinder& finder = unassigned_[index(direction)];
  const size_t used = finder.add(time_ns, text);
  if (!finder.has_found()) return;
  assign_sides(direction);
  data(direction, time_ns, bytes.subspan(used));
}

// Whoever is seen to begin a request asks.
void Http1Parser::assign_sides(Direction direction) {
  const bool asks = unassigned_[index(direction)].found() == StartLine::kRequest;
  request_direction_ = asks ? direction : opposite(direction);
  assigned_ = true;
  events_.on_role(request_direction_ == Direction::kSent ? Role::kClient : Role::kServer);
  requests_.adopt(std::move(unassigned_[index(request_direction_)]));
  responses_.adopt(std::move(unassigned_[index(opposite(request_direction_))]));
}

void Http1Parser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->gap(direction, time_ns, len);
  lose(direction, time_ns, len, http::Truncation::kCaptureLoss);
}

void Http1Parser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->left_out(direction, time_ns, len);
  lose(direction, time_ns, len, http::Truncation::kBudget);
}

void Http1Parser::lose(Direction direction, int64_t time_ns, uint64_t len,
                       http::Truncation reason) {
  if (len == 0) return;
  last_ns_ = time_ns;
  if (!assigned_) {
    unassigned_[index(direction)].lose();
  } else if (direction == request_direction_) {
    if (requests_.gap(time_ns, len, reason) != Http1Side::Loss::kNone) pairing_.lose_requests();
  } else {
    pairing_.lose_responses(responses_.gap(time_ns, len, reason), reason);
  }
}

void Http1Parser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (next_) return next_->skipped(direction, time_ns, len);
  if (len == 0) return;
  last_ns_ = time_ns;
  if (!assigned_) return gap(direction, time_ns, len);
  Http1Side& side = direction == request_direction_ ? requests_ : responses_;
  const uint64_t body = side.skipped(time_ns, len);
  if (body < len) gap(direction, time_ns, len - body);
}

void Http1Parser::keep_bodies(bool keep) {
  keeps_bodies_ = keep;
  if (next_) next_->keep_bodies(keep);
  requests_.keep_bodies(keep);
  responses_.keep_bodies(keep);
}

uint64_t Http1Parser::unwanted(Direction direction) const {
  if (next_) return next_->unwanted(direction);
  const bool wanted = (limits_.body_buffer > 0 || limits_.tells_bodies) && keeps_bodies_;
  if (!assigned_ || wanted) return 0;
  return (direction == request_direction_ ? requests_ : responses_).unwanted();
}

void Http1Parser::close(int64_t time_ns, http::Truncation reason) {
  const bool at_end = reason == http::Truncation::kAborted;
  requests_.close(reason, at_end);
  responses_.close(reason, at_end);
  pairing_.give_up(reason);
  if (next_) next_->close(time_ns, reason);
}

// The sides stand in the middle of something and are not asked for anything but facts.
void Http1Parser::abandon(http::Truncation reason) {
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

int64_t Http1Parser::pending_since_ns() const {
  if (next_) return next_->pending_since_ns();
  return pairing_.pending() || requests_.in_message() ? last_ns_ : 0;
}

void Http1Parser::on_side_error(Http1Side& side) {
  events_.on_parse_error();
  if (side.is_response()) {
    pairing_.lose_responses(Http1Side::Loss::kMessageEnd, http::Truncation::kCaptureLoss);
  } else {
    pairing_.lose_requests();
  }
}

// ---- messages
// ------------------------------------------------------------------------------------

http::Message& Http1Parser::on_message_begin(Http1Side& side) {
  if (side.is_response()) {
    response_ = {};
    has_response_head_ = false;
    return response_;
  }
  opening_ = Ref<Transaction>::make();
  opening_->protocol = L7Protocol::kHttp1;
  return opening_->request;
}

Http1Side::Body Http1Parser::on_head(Http1Side& side) {
  if (side.is_response()) {
    take_response();
    return response_body();
  }
  take_request();
  events_.on_request_head(open_request_->tx->request);
  return Http1Side::Body::kAsFramed;
}

void Http1Parser::take_request() {
  http::Request& request = opening_->request;
  request.method = requests_.method();
  request.target = requests_.start_text();
  request.version_major = requests_.version_major();
  request.version_minor = requests_.version_minor();
  open_request_ = &pairing_.add(std::move(opening_), responses_.in_message());
  if (pairing_.lost_upgrade() && requests_.holds()) requests_.tunnel();
}

void Http1Parser::take_response() {
  has_response_head_ = true;
  status_ = responses_.status();
  response_.status = status_;
  response_.reason = responses_.start_text();
  response_.version_major = responses_.version_major();
  response_.version_minor = responses_.version_minor();
  if (is_interim(status_)) return;
  open_response_ = pairing_.match();
  if (pairing_.lost_upgrade() && requests_.holds()) requests_.tunnel();
  if (!open_response_ || !open_response_->tx) return;
  http::Response& response = open_response_->tx->response;
  response = std::move(response_);
  if (responses_.in_message()) responses_.set_message(response);
}

// RFC 9112, 6.3, rules 1 and 2: what has no body whatever its fields say.
Http1Side::Body Http1Parser::response_body() const {
  const bool is_head = open_response_ && open_response_->is_head;
  const bool is_tunnel = open_response_ && open_response_->is_connect && status_ / 100 == 2;
  const bool has_none = status_ / 100 == 1 || status_ == 204 || status_ == 304;
  return is_head || is_tunnel || has_none ? Http1Side::Body::kNone : Http1Side::Body::kAsFramed;
}

// A response that answers nobody, or a request that was handed out already, goes nowhere.
void Http1Parser::on_body(Http1Side& side, uint64_t offset, std::string_view bytes) {
  const Exchange* exchange = side.is_response() ? open_response_ : open_request_;
  if (!exchange || !exchange->tx) return;
  events_.on_body(*exchange->tx, {.message = kind_of(side),
                                  .direction = direction_of(side),
                                  .offset = offset,
                                  .bytes = bytes});
}

void Http1Parser::tell_body_end(const Http1Side& side, Transaction* tx) {
  if (!tx || !limits_.tells_bodies) return;
  const http::Message& message =
      side.is_response() ? static_cast<const http::Message&>(tx->response) : tx->request;
  events_.on_body_end(*tx, {.message = kind_of(side),
                            .direction = direction_of(side),
                            .complete = message.complete,
                            .length = side.body_length()});
}

void Http1Parser::on_message_end(Http1Side& side) {
  side.is_response() ? on_response_end() : on_request_end();
}

void Http1Parser::on_request_end() {
  if (opening_) {
    // Cut short within its head. Without a start line nothing is known of it.
    if (!requests_.has_start_line()) {
      opening_ = {};
      return;
    }
    take_request();
  }
  Exchange& exchange = *std::exchange(open_request_, nullptr);
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

void Http1Parser::on_response_end() {
  if (!has_response_head_ && responses_.has_start_line()) take_response();
  Exchange* answered = std::exchange(open_response_, nullptr);
  const bool has_status = std::exchange(has_response_head_, false);
  const bool is_granted = answered && answered->is_connect && status_ / 100 == 2;
  if (has_status && (status_ == 101 || is_granted)) {
    if (answered && is_h2c_upgrade(*answered)) hand_over(*answered);
    requests_.tunnel();
    if (next_ && requests_.has_lost_held()) next_->gap(request_direction_, last_ns_, 1);
    responses_.tunnel();
  }
  if (!answered) return;
  tell_body_end(responses_, answered->tx.get());
  const bool was_held = answered->asks_upgrade;
  pairing_.response_done(*answered);
  if (was_held) requests_.release();
}

// RFC 7540, 3.2: the request is stream 1 of what follows, and is answered there.
void Http1Parser::hand_over(Exchange& answered) {
  const std::string* settings = http::find_header(answered.tx->request, kHttp2Settings);
  const std::string payload = base64url_bytes(*settings).value_or("");
  Ref<Transaction> tx = pairing_.take(answered);
  tx->response = {};
  auto next = std::make_unique<Http2Parser>(StreamStart::kFirstByte, limits_, events_);
  next->keep_bodies(keeps_bodies_);
  next->upgrade(request_direction_, std::move(tx), payload);
  next_ = std::move(next);
  events_.on_protocol(L7Protocol::kHttp2);
}

void Http1Parser::on_tunnelled(Http1Side& side, int64_t time_ns, std::string_view bytes) {
  if (!next_) return;
  next_->data(direction_of(side), time_ns,
              {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

std::unique_ptr<Parser> make_http1_parser(const ParserLimits& limits, ParserEvents& events) {
  return std::make_unique<Http1Parser>(limits, events);
}

}  // namespace qtap::proto
