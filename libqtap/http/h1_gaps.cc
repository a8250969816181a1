// SPDX-License-Identifier: Apache-2.0
// Bytes that one side of a connection lacks, or does not want.
#include <algorithm>

#include "http/h1_side.h"

namespace qtap::http {

// Body bytes that must still come, as the framing says; 0 when that is not known here.
uint64_t H1Side::known_body_left() const {
  if (!in_body_ || !message_) return 0;
  if (is_chunked()) return in_chunk_ ? parser_.content_length : 0;
  if ((parser_.flags & F_CONTENT_LENGTH) != 0) return parser_.content_length;
  return is_response() ? kUntilClose : 0;
}

void H1Side::add_missing(uint64_t len) {
  message_->truncation = gap_reason_;
  if (!message_->body_gap) message_->body_gap = message_->body.size();
  if (message_->missing_bytes) *message_->missing_bytes += len;
}

// Returns how many of the bytes lay in a body of known extent.
uint64_t H1Side::skip_body(uint64_t len, bool is_lost) {
  const uint64_t left = known_body_left();
  const uint64_t skipped = std::min(left, len);
  if (skipped == 0) return 0;
  message_->wire_bytes += skipped;
  if (left == kUntilClose) {
    message_->body_bytes += len;
    if (is_lost) add_missing(len);
    return len;
  }
  // llhttp counts this number down: all but the last byte are taken off it, and one byte that
  // stands for the gap lets it find the end of the body by itself.
  parser_.content_length -= skipped - 1;
  message_->body_bytes += skipped - 1;
  if (is_lost) add_missing(skipped - 1);
  filling_ = is_lost;
  if (!is_lost) {  // then count() takes that byte for one of the wire
    --message_->wire_bytes;
    --offset_;
  }
  feed(std::string_view("\0", 1));
  filling_ = false;
  return skipped;
}

uint64_t H1Side::skipped(int64_t time_ns, uint64_t len) {
  if (state_ == State::kTunnel) return len;
  now_ns_ = time_ns;
  gap_reason_ = Truncation::kCaptureLoss;
  if (state_ != State::kParse) return 0;
  const uint64_t body = skip_body(len, /*is_lost=*/limits_.body_buffer > 0);
  offset_ += body;
  return body;
}

uint64_t H1Side::unwanted() const {
  if (state_ != State::kParse) return 0;
  const uint64_t left = known_body_left();
  // The last byte tells when the body was complete.
  return left == 0 || left == kUntilClose ? left : left - 1;
}

H1Side::Loss H1Side::gap(int64_t time_ns, uint64_t len, Truncation reason) {
  if (len == 0 || state_ == State::kTunnel) return Loss::kNone;
  now_ns_ = time_ns;
  offset_ += len;
  gap_reason_ = reason;
  if (state_ == State::kSearch) {
    const bool at_start = finder_.at_stream_start();
    finder_.lose();
    return at_start ? Loss::kMessageStart : Loss::kMessageEnd;
  }
  if (state_ == State::kParse && skip_body(len, /*is_lost=*/true) == len) return Loss::kNone;
  if (state_ == State::kTunnel) return Loss::kNone;
  if (state_ == State::kHold) {
    lost_held_ += len;
    return Loss::kMessageStart;
  }
  // The rest of the gap held framing: what follows belongs to a message that nobody saw begin.
  const Loss loss = message_ && has_start_line_ ? Loss::kMessageEnd : Loss::kMessageStart;
  search_on(reason);
  return loss;
}

}  // namespace qtap::http
