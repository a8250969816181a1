// SPDX-License-Identifier: Apache-2.0
#include "http/h1_pairing.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

bool waits(const PendingExchange& exchange) {
  return !exchange.response_begun;
}

}  // namespace

PendingExchange& H1Pairing::add(Ref<Exchange>&& tx, bool answering) {
  if (!exchanges_.empty()) {
    const PendingExchange& last = exchanges_.back();
    // Sent in one piece with the request before: the client cannot have read an answer in between.
    if (waits(last) && last.tx && last.tx->request.end_ns == tx->request.start_ns) {
      pipelines_ = true;
    }
  }
  if (doubt_ > 0 && !pipelines_ && answered_in_doubt_ && !answering) doubt_ = 0;
  keep_limit();

  PendingExchange& exchange = exchanges_.emplace_back();
  exchange.is_head = tx->request.method == "HEAD";
  exchange.is_connect = tx->request.method == "CONNECT";
  exchange.after_loss = std::exchange(lost_requests_, false);
  exchange.tx = std::move(tx);
  if (doubt_ > 0) {
    if (doubt_ != kUnknown) ++doubt_;
    lose_answer(exchange, Truncation::kCaptureLoss);
  }
  return exchange;
}

// The oldest request that waits is handed out without its answer. Its place in the order stays.
void H1Pairing::keep_limit() {
  if (exchanges_.size() - handed_out_ < limit_) return;
  const auto oldest = std::find_if(exchanges_.begin(), exchanges_.end(),
                                   [](const PendingExchange& e) { return waits(e) && e.tx; });
  if (oldest == exchanges_.end()) return;
  events_.on_limit();
  pipelines_ = true;
  if (handed_out_ >= limit_) return lose_waiting(kUnknown, Truncation::kLimit);
  oldest->tx->response.truncation = Truncation::kLimit;
  oldest->tx->response.missing_bytes = std::nullopt;
  ++handed_out_;
  events_.on_exchange(std::move(oldest->tx));
}

PendingExchange* H1Pairing::match() {
  const Loss loss = std::exchange(loss_, Loss::kNone);
  if (doubt_ > 0) {
    if (doubt_ != kUnknown) --doubt_;
    answered_in_doubt_ = true;
    return nullptr;
  }
  auto first = std::find_if(exchanges_.begin(), exchanges_.end(), waits);
  const auto waiting = static_cast<uint64_t>(exchanges_.end() - first);
  if (loss != Loss::kNone) {
    const uint64_t surely_lost = loss == Loss::kMessageStart ? 1 : 0;
    if (waiting != surely_lost + 1) {
      lose_waiting(waiting > surely_lost ? waiting - surely_lost - 1 : 0, loss_reason_);
      answered_in_doubt_ = true;
      return nullptr;
    }
    if (surely_lost > 0) lose_answer(*first++, loss_reason_);
  } else if (waiting > 1) {
    pipelines_ = true;
  }
  if (first == exchanges_.end()) return nullptr;
  if (first->after_loss && pipelines_) {
    // This may as well be the answer to a request that was missed, and so may every later one.
    lose_waiting(kUnknown, Truncation::kCaptureLoss);
    return nullptr;
  }
  first->response_begun = true;
  return &*first;
}

void H1Pairing::request_done(PendingExchange& exchange) {
  exchange.request_done = true;
  emit_done();
}

void H1Pairing::response_done(PendingExchange& exchange) {
  exchange.response_done = true;
  const bool is_whole = exchange.tx && exchange.tx->response.complete &&
                        exchange.tx->response.truncation != Truncation::kCaptureLoss &&
                        exchange.tx->response.truncation != Truncation::kBudget;
  if (is_whole && &exchange != &exchanges_.back()) pipelines_ = true;
  emit_done();
}

void H1Pairing::lose_answer(PendingExchange& exchange, Truncation reason) {
  exchange.response_begun = exchange.response_done = true;
  if (exchange.asks_upgrade) lost_upgrade_ = true;
  if (!exchange.tx) return;
  exchange.tx->response.truncation = reason;
  exchange.tx->response.missing_bytes = std::nullopt;
}

void H1Pairing::lose_waiting(uint64_t may_come, Truncation reason) {
  doubt_ = may_come;
  answered_in_doubt_ = false;
  for (PendingExchange& exchange : exchanges_) {
    if (waits(exchange)) lose_answer(exchange, reason);
  }
  emit_done();
}

void H1Pairing::give_up(Truncation reason) {
  if (loss_ != Loss::kNone && loss_reason_ == Truncation::kBudget) reason = loss_reason_;
  for (PendingExchange& exchange : exchanges_) exchange.request_done = true;
  lose_waiting(0, reason);
}

void H1Pairing::abandon(Truncation reason) {
  const auto mark = [&](Message& message) {
    if (message.truncation == Truncation::kNone || message.truncation == Truncation::kBodyBuffer) {
      message.truncation = reason;
    }
    message.missing_bytes = std::nullopt;
  };
  for (PendingExchange& exchange : exchanges_) {
    if (exchange.tx && !exchange.request_done) mark(exchange.tx->request);
    if (exchange.tx && !exchange.response_done) mark(exchange.tx->response);
    exchange.request_done = exchange.response_begun = exchange.response_done = true;
  }
  emit_done();
}

void H1Pairing::emit_done() {
  while (!exchanges_.empty()) {
    PendingExchange& first = exchanges_.front();
    if (!first.request_done || !first.response_done) return;
    Ref<Exchange> tx = std::move(first.tx);
    exchanges_.pop_front();
    if (tx) {
      events_.on_exchange(std::move(tx));
    } else {
      --handed_out_;
    }
  }
}

}  // namespace qtap::http
