// SPDX-License-Identifier: Apache-2.0
// The worker of a store: takes items in batches and calls the sink.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>
#include <utility>

#include "sink/store.h"

namespace qtap::sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

}  // namespace

void Store::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto is_spooled = [this] { return is_begun_ && spool_ && !spool_->is_empty(); };
    changed_.wait(lock, [&] { return closing_ || !queue_.empty() || is_spooled(); });
    if (closing_) return;
    if (is_spooled()) {
      sends_spooled_ = true;
      lock.unlock();
      deliver_from_spool();
      lock.lock();
      sends_spooled_ = false;
      changed_.notify_all();  // who flushes waits for the last of them
      if (is_down_) continue;
    } else if (sink_->waits_for_batches()) {
      wait_for_batch(lock);
    }
    if (closing_) return;
    take_batch();
    size_t done = 0;
    auto rest_at = steady_clock::now() + kRest;
    while (done < batch_.size() && !closing_) {
      lock.unlock();
      const size_t delivered = deliver_next(std::span(batch_).subspan(done));
      if (done + delivered == batch_.size() || steady_clock::now() >= rest_at) {
        rest();
        rest_at = steady_clock::now() + kRest;
      }
      lock.lock();
      for (const size_t until = done + delivered; done < until; ++done) {
        leave_queue(batch_[done]);  // counted until it is with the sink
      }
      finished_ += delivered;
      changed_.notify_all();
    }
    // Without the lock: whoever puts would wait while transactions are taken apart. Closed
    // meanwhile: close() drops the others with the rest.
    lock.unlock();
    batch_.erase(batch_.begin(), batch_.begin() + static_cast<long>(done));
    lock.lock();
  }
}

// What the worker takes at once.
size_t Store::batch_size() const {
  return sink_->waits_for_batches() ? std::max<size_t>(kBatch, options_.batch_events) : kBatch;
}

bool Store::is_batch_due() const {
  return closing_ || flushes_ > 0 || queue_.size() >= options_.batch_events ||
         counters_.queue_bytes > options_.queue_bytes / 2;
}

// Its time begins when the worker is told of the first event, soon after that was put.
void Store::wait_for_batch(std::unique_lock<std::mutex>& lock) {
  changed_.wait_for(lock, nanoseconds(options_.batch_wait_ns), [this] { return is_batch_due(); });
}

void Store::take_batch() {
  size_t count = std::min(queue_.size(), batch_size());
  try {
    batch_.reserve(count);
  } catch (const std::bad_alloc&) {  // kBatch have room
    count = std::min(count, batch_.capacity());
  }
  const auto end = queue_.begin() + static_cast<long>(count);
  batch_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  flushes_ -= static_cast<size_t>(std::count_if(batch_.begin(), batch_.end(), is_flush));
}

// What the stored ones led to elsewhere can go on.
void Store::rest() {
  if (has_told_ && rest_) rest_();
  has_told_ = false;
}

// What `items` begins with: one item, or several events together. How many it was, at least 1.
size_t Store::deliver_next(std::span<const Item> items) {
  size_t taken = 0;
  try {
    if (const auto* flush = std::get_if<FlushBy>(&items[0])) {
      flush_sink(*flush);
    } else if (std::holds_alternative<Ref<Object>>(items[0])) {
      return deliver_objects(items);
    } else if (std::holds_alternative<Ref<Event>>(items[0]) &&
               (sink_->waits_for_batches() || spool_)) {
      return deliver_batch(items);
    } else if (!std::holds_alternative<Ref<Event>>(items[0]) || !sink_->batches_events()) {
      deliver_one(items[0]);
    } else if (Status status = deliver_events(items, taken); status.ok()) {
      return taken;
    } else {
      finish(items[taken], put_with_retries(items[taken], std::move(status)));
    }
  } catch (const std::bad_alloc&) {  // there is nobody above to tell
    ++counters_.dropped_refused;
  }
  return taken + 1;
}

// The events that `items` begins with. An error is about the one behind those `taken`.
Status Store::deliver_events(std::span<const Item> items, size_t& taken) {
  std::vector<Ref<Event>> events;
  for (const Item& item : items) {
    const auto* event = std::get_if<Ref<Event>>(&item);
    if (!event) break;
    events.push_back(*event);
  }
  try {
    Status status = sink_->put_events(events, taken);
    if (status.ok()) taken = events.size();
    if (taken > 0) back_off_.succeeded();
    counters_.sent += taken;
    return status;
  } catch (...) {
    counters_.sent += taken;
    throw;
  }
}

bool Store::deliver_one(const Item& item) {
  const auto* object = std::get_if<Ref<Object>>(&item);
  if (object && known_.contains(sink_->identity(**object))) {
    ++counters_.deduplicated;
    return finish(item, {});
  }
  Status status = put_with_retries(item, attempt(item));
  if (object && status.ok()) known_.add(sink_->identity(**object));
  return finish(item, status);
}

bool Store::finish(const Item& item, const Status& status) {
  if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item); chunk && (*chunk)->last) {
    bodies_.erase(key_of(**chunk));
  }
  const int code = status.ok() ? QTAP_OK : status.error().status;
  const bool is_late = code == QTAP_ERR_AGAIN || code == QTAP_ERR_STATE;  // the sink never said no
  if (status.ok()) {
    ++counters_.sent;
  } else if (is_late && is_closing()) {
    if (keep(item)) return false;
    ++counters_.dropped_at_close;
  } else {
    ++counters_.dropped_refused;
  }
  tell(item, status);
  has_told_ |= std::holds_alternative<Ref<Object>>(item);
  return status.ok();
}

// `status`: what the first attempt gave.
Status Store::put_with_retries(const Item& item, Status status) {
  for (uint32_t attempts = 1;; ++attempts) {
    may_retry(status) ? back_off_.failed() : back_off_.succeeded();
    if (!may_retry(status) || attempts >= options_.max_attempts) return status;
    ++counters_.retries;
    if (!wait_before_retry()) return status;
    status = attempt(item);
  }
}

Status Store::attempt(const Item& item) {
  if (const auto* event = std::get_if<Ref<Event>>(&item)) return sink_->put_event(*event);
  if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item)) return put_body(**chunk);
  return sink_->put_object(std::get<Ref<Object>>(item));
}

// Whatever did not come to the sink, for whatever reason, is a jump of the offset.
Status Store::put_body(const BodyChunk& chunk) {
  BodyProgress& body = bodies_[key_of(chunk)];
  const bool has_place = !chunk.last || chunk.length_known;
  const uint64_t missing = has_place && chunk.offset > body.next ? chunk.offset - body.next : 0;
  const BodyPart part = {
      .chunk = chunk,
      .first = !body.begun,
      .missing = missing,
      .truncated = chunk.last && (body.truncated || missing > 0 || !chunk.complete)};
  Status status = sink_->put_body(part);
  if (status.ok()) {
    body.begun = true;
    body.truncated |= missing > 0;
    body.next = chunk.offset + chunk.data.size();
  }
  return status;
}

void Store::tell(const Item& item, const Status& status) {
  if (!status.ok() && refused_) refused_(sink_->id(), status.error());
  const auto* object = std::get_if<Ref<Object>>(&item);
  if (!object || !stored_) return;
  stored_(sink_->id(), *object, status.ok() ? sink_->locate(**object) : std::string(), status);
}

// False: closing. Without a worker there is nobody to wait for: the next attempt follows at once.
bool Store::wait_before_retry() {
  if (!options_.has_worker) return true;
  const BackOff::Duration wait = back_off_.wait(sink_->asked_to_wait());
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, wait, [this] { return closing_; });
}

bool Store::is_closing() {
  const std::lock_guard lock(mutex_);
  return closing_;
}

// One that is late has nobody waiting for it any more, neither before nor afterwards.
void Store::flush_sink(FlushBy by) {
  const auto left = std::chrono::duration_cast<milliseconds>(by.deadline - steady_clock::now());
  if (left.count() < 0) return;
  Status flushed = sink_->flush(static_cast<int>(left.count()));
  if (flushed.ok() || (options_.has_worker && steady_clock::now() > by.deadline)) return;
  const std::lock_guard lock(mutex_);
  if (flush_result_.ok()) flush_result_ = std::move(flushed);
}

}  // namespace qtap::sink
