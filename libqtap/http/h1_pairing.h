// SPDX-License-Identifier: Apache-2.0
// In: heads and losses of both sides of an HTTP/1 connection. Out: which response answers which
// request, and exchanges that are over. Owned by the parser, on the shard's thread.
// Never a false pair: what cannot be known is handed out without its response and marked.
//
// HTTP/1 has no ids; the n-th final response answers the n-th request (RFC 9112, 9.3.2). After a
// loss the count is open. What then still decides:
//   - a gap at the beginning of a message took at least one whole or partial response;
//   - of the requests that wait, a response that is seen answers one;
//   - a client that was never seen to pipeline sends a request only after the last answer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "http/h1_side.h"
#include "http/parser.h"

namespace qtap::http {

// A request on its way to its response.
struct PendingExchange {
  Ref<Exchange> tx;  // empty: handed out already, the response is still to be skipped
  bool is_head = false;
  bool is_connect = false;
  bool after_loss = false;  // requests may have been missed right before it
  bool request_done = false;
  bool response_begun = false;
  bool response_done = false;
  bool asks_upgrade = false;  // its side holds until the answer is known
};

class H1Pairing {
 public:
  using Loss = H1Side::Loss;

  H1Pairing(uint32_t limit, ParserEvents& events) : limit_(limit), events_(events) {}

  // A request's start line is known. `answering`: a response is being read.
  // When it throws, the caller still has the exchange.
  PendingExchange& add(Ref<Exchange>&& tx, bool answering);
  // A final response begins: the request that it answers, or null when that is not known.
  PendingExchange* match();
  void request_done(PendingExchange& exchange);
  void response_done(PendingExchange& exchange);

  // Its transaction goes on elsewhere: its place in the order stays.
  Ref<Exchange> take(PendingExchange& exchange) {
    ++handed_out_;
    return std::move(exchange.tx);
  }

  void lose_requests() { lost_requests_ = true; }
  void lose_responses(Loss loss, Truncation reason) {
    if (loss == Loss::kNone) return;
    loss_ = std::max(loss_, loss);
    loss_reason_ = reason;
  }
  // Nothing more will come.
  void give_up(Truncation reason);

  // The same when it is not known how far the messages at hand came.
  void abandon(Truncation reason);

  bool pending() const { return handed_out_ < exchanges_.size(); }
  // A request was given up whose answer would have said how its side goes on.
  bool lost_upgrade() const { return lost_upgrade_; }

 private:
  static constexpr uint64_t kUnknown = UINT64_MAX;

  void lose_answer(PendingExchange& exchange, Truncation reason);
  void lose_waiting(uint64_t may_come, Truncation reason);
  void keep_limit();
  void emit_done();

  const uint32_t limit_;
  ParserEvents& events_;
  std::deque<PendingExchange>
      exchanges_;            // in the order of the requests; pop_front keeps addresses
  size_t handed_out_ = 0;    // exchanges without a transaction
  Loss loss_ = Loss::kNone;  // on the response side, since its last start line
  Truncation loss_reason_ = Truncation::kCaptureLoss;  // of the last one
  bool lost_requests_ = false;
  bool lost_upgrade_ = false;
  bool pipelines_ = false;  // the client was seen to send without waiting
  // Responses that may still come for requests whose answer is not known; above 0, none is matched.
  uint64_t doubt_ = 0;
  bool answered_in_doubt_ = false;
};

}  // namespace qtap::http
