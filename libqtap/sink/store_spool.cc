// SPDX-License-Identifier: Apache-2.0
// What a store with a spool does while its storage is down: a thread of its own moves the queue to
// the disk, so that the worker may wait for the network; and the worker delivers from the disk when
// the storage is back. On the disk nothing is given up for its attempts while all fail: that is an
// outage. What fails while others succeed has its attempts, as in memory.
#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "sink/store.h"

namespace qtap::sink {
namespace {

// Read from the disk at once.
constexpr uint64_t kReadBytes = 16u << 20;

bool may_retry(const Status& status) {
  return !status.ok() && status.error().status == QTAP_ERR_AGAIN;
}

}  // namespace

bool Store::must_spool() const {
  const bool is_due = is_down_ || counters_.queue_bytes > options_.queue_bytes / 2;
  return is_due && queue_.size() > flushes_;
}

void Store::spool_work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || must_spool(); });
    if (closing_) return;
    std::vector<Item> taken;
    for (auto at = queue_.begin(); at != queue_.end() && taken.size() < kBatch;) {
      at = is_flush(*at) ? std::next(at) : (taken.push_back(std::move(*at)), queue_.erase(at));
    }
    lock.unlock();
    for (const Item& item : taken) keep_or_drop(item);
    lock.lock();
    for (const Item& item : taken) leave_queue(item);
    finished_ += taken.size();
    changed_.notify_all();
  }
}

// False: there is no spool, or the disk does not take it.
bool Store::keep(const Item& item, Status* why) {
  if (!spool_) return false;
  const SpoolCounters& counters = spool_->counters();
  const uint64_t dropped = counters.dropped_full;
  Status kept;
  if (const auto* event = std::get_if<Ref<Event>>(&item)) {
    kept = spool_->put(*event);
  } else if (const auto* object = std::get_if<Ref<Object>>(&item)) {
    kept = spool_->put(*object);
  } else {
    return false;  // chunks of bodies go nowhere over a network
  }
  if (counters.dropped_full != dropped && refused_) {
    refused_(sink_->id(), {"QT223", QTAP_ERR_LIMIT,
                           "write to spool " + spool_->dir() +
                               ": no room for more than spool.max_bytes; the oldest are dropped"});
  }
  const bool is_kept = kept.ok();
  if (why) *why = std::move(kept);
  return is_kept;
}

void Store::keep_or_drop(const Item& item) {
  try {
    Status why;
    if (keep(item, &why)) return;
    ++counters_.dropped_spool;
    tell(item, why);
  } catch (const std::bad_alloc&) {  // there is nobody above to tell
    ++counters_.dropped_spool;
  }
}

void Store::set_down(bool is_down) {
  is_down ? back_off_.failed() : back_off_.succeeded();
  const std::lock_guard lock(mutex_);
  if (is_down_ == is_down) return;
  is_down_ = is_down;
  changed_.notify_all();
}

// False: closing. A flush does not wait for the next attempt.
bool Store::wait_for_storage() {
  const BackOff::Duration wait = back_off_.wait(sink_->asked_to_wait());
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [this] { return closing_ || flushes_ > 0; });
  return !closing_;
}

// While the storage is down the queue is the other thread's, but for who waits for a flush.
void Store::run_flushes() {
  std::unique_lock lock(mutex_);
  while (flushes_ > 0) {
    const auto at = std::find_if(queue_.begin(), queue_.end(), is_flush);
    const FlushBy by = std::get<FlushBy>(*at);
    queue_.erase(at);
    --flushes_;
    lock.unlock();
    flush_sink(by);
    lock.lock();
    ++finished_;
  }
  changed_.notify_all();
}

// One group. While the storage is not known to be up it is one object, each time another, so that
// none that the storage never takes keeps it from being found up.
void Store::deliver_from_spool() {
  if (back_off_.is_open()) {
    rest();
    if (!wait_for_storage()) return;
    run_flushes();
  }
  size_t most = back_off_.is_open() ? 1 : sink_->objects_at_once();
  if (sink_->waits_for_batches()) most = options_.batch_events;
  try {
    const std::vector<Spool::Waiting> waiting = spool_->next(most, kReadBytes);
    if (!waiting.empty()) send_waiting(waiting);
  } catch (const std::bad_alloc&) {
    set_down(true);  // they wait where they are
  }
  rest();
  const std::lock_guard lock(mutex_);
  changed_.notify_all();  // who flushes waits for the last of them
}

void Store::send_waiting(const std::vector<Spool::Waiting>& waiting) {
  std::vector<Status> outcomes;
  if (std::holds_alternative<Ref<Object>>(waiting.front().item)) {
    std::vector<Ref<Object>> objects;
    for (const auto& one : waiting) objects.push_back(std::get<Ref<Object>>(one.item));
    outcomes = sink_->put_objects(objects);
  } else {
    std::vector<Ref<Event>> events;
    for (const auto& one : waiting) events.push_back(std::get<Ref<Event>>(one.item));
    outcomes = sink_->put_batch(events);
  }
  const bool is_down = std::all_of(outcomes.begin(), outcomes.end(), may_retry);
  set_down(is_down);
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (may_retry(outcomes[i])) {
      ++counters_.retries;
      if (is_down || ++spool_attempts_[waiting[i].id] < options_.max_attempts) continue;
    }
    spool_attempts_.erase(waiting[i].id);
    if (!spool_->done(waiting[i].id)) continue;
    const auto* object = std::get_if<Ref<Object>>(&waiting[i].item);
    if (object && outcomes[i].ok()) known_.add(sink_->identity(**object));
    std::visit([&](const auto& item) { finish(Item(item), outcomes[i]); }, waiting[i].item);
  }
}

}  // namespace qtap::sink
