// SPDX-License-Identifier: Apache-2.0
#include "sink/store.h"

#include <algorithm>
#include <chrono>

namespace qtap::sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// What an item holds in memory beside its bytes: the object, its reference, the queue's slot.
constexpr uint64_t kItemOverhead = 256;

template <typename Item>
uint64_t size_of(const Item& item) {
  if (const auto* event = std::get_if<Ref<Event>>(&item)) return (*event)->json.size() + kItemOverhead;
  return std::get<Ref<Object>>(item)->data.size() + kItemOverhead;
}

}  // namespace

Store::Store(std::unique_ptr<Sink> sink, const StoreOptions& options, StoredFn stored)
    : sink_(std::move(sink)), options_(options), stored_(std::move(stored)) {
  if (options_.has_worker) worker_ = std::thread([this] { work(); });
}

Store::~Store() { close(); }

bool Store::enqueue(Item item) {
  if (!options_.has_worker) {
    deliver(item);
    return true;
  }
  const uint64_t bytes = size_of(item);
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || queued_bytes_ + bytes > options_.queue_bytes) {
      ++counters_.dropped_queue_full;
      return false;
    }
    queued_bytes_ += bytes;
    queue_.push_back(std::move(item));
  }
  changed_.notify_all();
  return true;
}

void Store::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (closing_) return;
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    deliver(item);
    lock.lock();
    queued_bytes_ -= size_of(item);  // counted until it is with the sink
    busy_ = false;
    changed_.notify_all();
  }
}

Status Store::attempt(const Item& item) {
  if (const auto* event = std::get_if<Ref<Event>>(&item)) return sink_->put_event(*event);
  return sink_->put_object(std::get<Ref<Object>>(item));
}

void Store::deliver(const Item& item) {
  const auto* object = std::get_if<Ref<Object>>(&item);
  Status status;
  if (object && is_known((*object)->digest)) {
    ++counters_.deduplicated;
  } else {
    for (uint32_t tries = 1;; ++tries) {
      status = attempt(item);
      if (status.ok() || status.error().status != QTAP_ERR_AGAIN || tries >= options_.max_attempts) break;
      ++counters_.retries;
      if (!wait_before_retry(tries)) break;
    }
    if (object && status.ok()) remember((*object)->digest);
  }
  status.ok() ? ++counters_.sent : ++counters_.dropped_refused;
  if (object && stored_) {
    stored_(sink_->id(), *object, status.ok() ? sink_->locate(**object) : std::string(), status);
  }
}

// Doubles from the first wait to the longest, with half of it random so that many stores do not return at once. False:
// closing. Without a worker there is nobody to wait for: the next attempt follows at once.
bool Store::wait_before_retry(uint32_t attempt) {
  if (!options_.has_worker) return true;
  const uint32_t doublings = std::min(attempt - 1, 30u);
  const int64_t longest = std::min(options_.first_retry_ns << doublings, options_.max_retry_ns);
  std::unique_lock lock(mutex_);
  jitter_ ^= jitter_ << 13, jitter_ ^= jitter_ >> 7, jitter_ ^= jitter_ << 17;  // xorshift64, Marsaglia 2003
  const int64_t half = std::max<int64_t>(longest / 2, 1);
  const auto wait = nanoseconds(half + static_cast<int64_t>(jitter_ % static_cast<uint64_t>(half)));
  return !changed_.wait_for(lock, wait, [this] { return closing_; });
}

void Store::remember(const std::string& digest) {
  known_.insert(digest);
  known_order_.push_back(digest);
  if (known_order_.size() > kRemembered) {
    known_.erase(known_order_.front());
    known_order_.pop_front();
  }
}

Status Store::flush(int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(timeout_ms);
  {
    std::unique_lock lock(mutex_);
    const auto idle = [this] { return closing_ || (queue_.empty() && !busy_); };
    if (!changed_.wait_until(lock, deadline, idle)) {
      return Error{QTAP_ERR_TIMEOUT, "flush " + sink_->id() + ": " + std::to_string(queue_.size()) +
                                         " still queued after " + std::to_string(timeout_ms) + " ms"};
    }
    if (closing_) return {};
  }
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
  return sink_->flush(static_cast<int>(std::max<int64_t>(left.count(), 0)));
}

void Store::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closing_ = closed_ = true;
  }
  changed_.notify_all();
  if (worker_.joinable()) worker_.join();
  counters_.dropped_at_close += queue_.size();
  queue_.clear();
  sink_->close();
}

}  // namespace qtap::sink
