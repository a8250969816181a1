// SPDX-License-Identifier: Apache-2.0
#include "proto/http1.h"

#include <algorithm>

#include "proto/start_line.h"

namespace qtap::proto {
namespace {

// Bytes of a side that wait until it is known which side asks and which answers.
constexpr size_t kMaxUnassigned = 64u << 10;

}  // namespace

Http1Parser::Http1Parser(const ParserLimits& limits, ParserEvents& events)
    : limits_(limits),
      events_(events),
      requests_(HTTP_REQUEST, limits_, *this),
      responses_(HTTP_RESPONSE, limits_, *this) {}

// Whoever begins with a request line asks. False: not known yet.
bool Http1Parser::assign_sides(Direction direction, std::string_view bytes) {
  std::string& waiting = unassigned_[index(direction)];
  waiting.append(bytes);
  const StartLine start = start_of(waiting);
  if (start == StartLine::kRequest) {
    request_direction_ = direction;
  } else if (start == StartLine::kResponse) {
    request_direction_ = opposite(direction);
  } else {
    if (waiting.size() > kMaxUnassigned) waiting.clear();
    return false;
  }
  assigned_ = true;
  events_.on_role(request_direction_ == Direction::kSent ? Role::kClient : Role::kServer);
  return true;
}

void Http1Parser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  last_ns_ = time_ns;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (assigned_) {
    (direction == request_direction_ ? requests_ : responses_).data(time_ns, text);
    return;
  }
  if (!assign_sides(direction, text)) return;
  const std::array<std::string, 2> waiting = std::move(unassigned_);
  unassigned_ = {};
  requests_.data(time_ns, waiting[index(request_direction_)]);
  responses_.data(time_ns, waiting[index(opposite(request_direction_))]);
}

void Http1Parser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  last_ns_ = time_ns;
  if (!assigned_) {
    unassigned_[index(direction)].clear();
    return;
  }
  if (direction == request_direction_) {
    requests_.gap(time_ns, len);
  } else if (!responses_.gap(time_ns, len)) {
    lose_responses();
  }
}

// An unknown number of responses is missing: every request that waits may have been answered by one of them. Of n that
// wait, the first one's is missing at least in part; up to n - 1 whole ones may still come.
void Http1Parser::lose_responses() {
  if (exchanges_.empty()) return;
  strays_ += exchanges_.size() - 1;
  while (!exchanges_.empty()) {
    Exchange& exchange = *exchanges_.front();
    if (!exchange.request_done) {
      // Its request is still being read: it ends by itself.
      exchange.response_done = true;
      exchange.tx->response.truncation = http::Truncation::kCaptureLoss;
      exchange.tx->response.missing_bytes = std::nullopt;
      break;
    }
    give_up(exchange, http::Truncation::kCaptureLoss);
  }
}

// Hands out the first exchange as it is.
void Http1Parser::give_up(Exchange& exchange, http::Truncation reason) {
  http::Request& request = exchange.tx->request;
  http::Response& response = exchange.tx->response;
  if (!exchange.request_done && !request.truncated()) {
    request.truncation = reason;
    request.missing_bytes = std::nullopt;
  }
  if (!exchange.response_done && !response.truncated()) {
    response.truncation = reason;
    response.missing_bytes = std::nullopt;
  }
  exchange.request_done = exchange.response_done = true;
  emit_done();
}

void Http1Parser::emit_done() {
  while (!exchanges_.empty() && exchanges_.front()->request_done && exchanges_.front()->response_done) {
    const std::unique_ptr<Exchange> done = std::move(exchanges_.front());
    exchanges_.pop_front();
    if (open_response_ == done.get()) open_response_ = nullptr;
    events_.on_transaction(std::move(done->tx));
  }
}

http::Message& Http1Parser::on_message_begin(Http1Side& side) {
  if (side.is_response()) {
    response_ = {};
    return response_;
  }
  request_ = {};
  return request_;
}

Http1Side::Body Http1Parser::on_head(Http1Side& side) {
  return side.is_response() ? on_response_head() : on_request_head();
}

Http1Side::Body Http1Parser::on_request_head() {
  request_.method = requests_.method();
  request_.target = requests_.start_text();
  request_.version_major = requests_.version_major();
  request_.version_minor = requests_.version_minor();
  if (exchanges_.size() >= limits_.pipelined_requests) {
    // The oldest will not be answered any more as far as can be seen.
    events_.on_limit();
    ++strays_;
    give_up(*exchanges_.front(), http::Truncation::kLimit);
  }
  auto exchange = std::make_unique<Exchange>();
  exchange->tx = Ref<Transaction>::make();
  exchange->tx->protocol = L7Protocol::kHttp1;
  exchange->tx->request = std::move(request_);
  events_.on_request_head(exchange->tx->request);
  requests_.set_message(exchange->tx->request);
  open_request_ = exchange.get();
  exchanges_.push_back(std::move(exchange));
  return Http1Side::Body::kAsFramed;
}

Http1Side::Body Http1Parser::on_response_head() {
  const int status = responses_.status();
  response_.status = status;
  response_.reason = responses_.start_text();
  response_.version_major = responses_.version_major();
  response_.version_minor = responses_.version_minor();
  const bool is_interim = status / 100 == 1 && status != 101;  // RFC 9110, 15.2: the real one follows
  if (is_interim) return Http1Side::Body::kAsFramed;
  const auto first = std::find_if(exchanges_.begin(), exchanges_.end(),
                                  [](const auto& exchange) { return !exchange->response_begun; });
  if (first == exchanges_.end() || strays_ > 0) {
    // It answers a request that was not seen, or whose is not certain.
    if (strays_ > 0) --strays_;
    return Http1Side::Body::kAsFramed;
  }
  Exchange& exchange = **first;
  exchange.response_begun = true;
  exchange.tx->response = std::move(response_);
  responses_.set_message(exchange.tx->response);
  open_response_ = &exchange;
  const std::string& method = exchange.tx->request.method;
  if (method == "HEAD") return Http1Side::Body::kNone;  // RFC 9110, 9.3.2
  if (method == "CONNECT" && status / 100 == 2) return Http1Side::Body::kTunnel;
  return Http1Side::Body::kAsFramed;
}

void Http1Parser::on_message_end(Http1Side& side) {
  side.is_response() ? on_response_end() : on_request_end();
  emit_done();
}

void Http1Parser::on_request_end() {
  if (!open_request_) return;  // cut short before its head was complete: nothing is known of it
  open_request_->request_done = true;
  open_request_ = nullptr;
}

void Http1Parser::on_response_end() {
  Exchange* answered = open_response_;
  open_response_ = nullptr;
  if (!answered) return;
  answered->response_done = true;
  const int status = answered->tx->response.status.value_or(0);
  const bool is_tunnel = answered->tx->request.method == "CONNECT" && status / 100 == 2;
  if (status == 101 || is_tunnel) {
    answered->request_done = true;
    requests_.tunnel();
    responses_.tunnel();
  } else {
    requests_.release();
  }
}

// The request side waits for the answer; the response side has given it.
void Http1Parser::on_upgrade(Http1Side& side) {
  if (side.is_response()) responses_.tunnel();
}

void Http1Parser::close(int64_t time_ns, http::Truncation reason) {
  const bool at_end = reason == http::Truncation::kAborted;
  requests_.close(time_ns, reason, at_end);
  responses_.close(time_ns, reason, at_end);
  while (!exchanges_.empty()) give_up(*exchanges_.front(), reason);
}

std::unique_ptr<Parser> make_http1_parser(const ParserLimits& limits, ParserEvents& events) {
  return std::make_unique<Http1Parser>(limits, events);
}

}  // namespace qtap::proto
