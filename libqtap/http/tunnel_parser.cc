// SPDX-License-Identifier: Apache-2.0
#include "http/tunnel_parser.h"

#include <utility>

#include "http/h1_parser.h"
#include "http/h2_parser.h"

namespace qtap::http {
namespace {

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void TunnelParser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (parser_) return parser_->data(direction, time_ns, bytes);
  if (is_passed_) return;
  if (direction != client_) {
    if (held_.size() + bytes.size() <= kMaxHeld) return held_.append(time_ns, text_of(bytes));
    events_.on_limit();
    return pass_over();
  }
  const size_t used = start_.add(time_ns, text_of(bytes));
  if (start_.proof() == TunnelStart::Proof::kNeedMore) return;
  if (start_.proof() == TunnelStart::Proof::kOther) {
    if (start_.is_over_limit()) events_.on_limit();
    return pass_over();
  }
  begin();
  if (used < bytes.size()) parser_->data(direction, time_ns, bytes.subspan(used));
}

// The client has just proven what it speaks. What the server has said by then comes behind the
// proof and before the client's next byte, whatever piece that is in.
void TunnelParser::begin() {
  if (start_.proof() == TunnelStart::Proof::kHttp1) {
    auto http1 = std::make_unique<H1Parser>(limits_, events_, client_);
    http1->begin_at(begins_);
    parser_ = std::move(http1);
  } else {
    auto http2 = std::make_unique<H2Parser>(StreamStart::kFirstByte, limits_, events_);
    http2->begin_at(begins_);
    parser_ = std::move(http2);
    events_.on_protocol(Protocol::kHttp2);
  }
  parser_->keep_bodies(keeps_bodies_);
  const TunnelStart start = std::exchange(start_, TunnelStart());
  const TimedBytes held = std::exchange(held_, TimedBytes());
  const auto feed = [this](Direction direction, const TimedBytes& kept) {
    kept.for_each([&](int64_t time_ns, std::string_view piece) {
      parser_->data(direction, time_ns, bytes_of(piece));
    });
  };
  feed(client_, start.bytes());
  feed(opposite(client_), held);
}

void TunnelParser::pass_over() {
  is_passed_ = true;
  start_ = {};
  held_ = {};
}

void TunnelParser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->gap(direction, time_ns, len) : pass_over();
}

void TunnelParser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->left_out(direction, time_ns, len) : pass_over();
}

void TunnelParser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->skipped(direction, time_ns, len) : pass_over();
}

void TunnelParser::keep_bodies(bool keep) {
  keeps_bodies_ = keep;
  if (parser_) parser_->keep_bodies(keep);
}

uint64_t TunnelParser::unwanted(Direction direction) const {
  return parser_ ? parser_->unwanted(direction) : 0;
}

// What never was proven is no HTTP.
void TunnelParser::close(int64_t time_ns, Truncation reason) {
  if (parser_) parser_->close(time_ns, reason);
}

void TunnelParser::abandon(Truncation reason) {
  if (parser_) parser_->abandon(reason);
}

int64_t TunnelParser::pending_since_ns() const {
  return parser_ ? parser_->pending_since_ns() : 0;
}

}  // namespace qtap::http
