// SPDX-License-Identifier: Apache-2.0
// What a store with a spool does while its storage is down: a thread of its own moves the queue to
// the disk, so that the worker may wait for the network; and the worker delivers from the disk when
// the storage is back. On the disk nothing is given up for its attempts while all fail: that is an
// outage. What fails while others succeed has its attempts, as in memory.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>
#include <set>
#include <string>
#include <utility>

#include "sink/store.h"

namespace qtap::sink {
namespace {

// Read from the disk at once.
constexpr uint64_t kReadBytes = 16u << 20;

// How long a disk that refused is left alone.
constexpr std::chrono::seconds kDiskRest{1};

}  // namespace

bool Store::must_spool() const {
  const bool is_due = is_down_ || counters_.queue_bytes > options_.queue_bytes / 2;
  return is_due && queue_.size() > flushes_;
}

// While the disk refuses, the queue bridges the outage as it does without a spool.
void Store::wait_for_spooling(std::unique_lock<std::mutex>& lock) {
  changed_.wait_until(lock, disk_refuses_until_, [this] { return closing_; });
  changed_.wait(lock, [this] { return closing_ || must_spool(); });
}

void Store::spool_work() {
  std::vector<Item> taken;
  std::unique_lock lock(mutex_);
  taken.swap(spooling_);  // has room for kBatch
  for (;;) {
    wait_for_spooling(lock);
    if (closing_) return;
    for (auto at = queue_.begin(); at != queue_.end() && taken.size() < kBatch;) {
      at = is_flush(*at) ? std::next(at) : (taken.push_back(std::move(*at)), queue_.erase(at));
    }
    lock.unlock();
    const uint64_t dropped = counters_.dropped_spool;
    size_t done = 0;
    while (done < taken.size() && keep_or_drop(taken[done])) ++done;
    if (rest_ && counters_.dropped_spool != dropped) rest_();  // their records can go on
    lock.lock();
    for (size_t i = 0; i < done; ++i) leave_queue(taken[i]);
    finished_ += done;
    taken.erase(taken.begin(), taken.begin() + static_cast<ptrdiff_t>(done));
    if (!taken.empty()) put_back(taken);
    changed_.notify_all();
  }
}

void Store::put_back(std::vector<Item>& items) {
  disk_refuses_until_ = std::chrono::steady_clock::now() + kDiskRest;
  while (!items.empty()) {
    try {
      queue_.push_front(items.back());
    } catch (const std::bad_alloc&) {
      leave_queue(items.back());
      ++counters_.dropped_spool;
      ++finished_;
    }
    items.pop_back();
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
    try {
      refused_(sink_->id(),
               {"QT223", QTAP_ERR_LIMIT,
                "write to spool " + spool_->dir() +
                    ": no room for more than spool.max_bytes; the oldest are dropped"});
    } catch (const std::bad_alloc&) {  // counted all the same
    }
  }
  const bool is_kept = kept.ok();
  if (why) *why = std::move(kept);
  return is_kept;
}

// False: neither, the disk refuses now. What is larger than the spool, or can go there never, is
// dropped.
bool Store::keep_or_drop(const Item& item) {
  try {
    Status why;
    if (keep(item, &why)) return true;
    if (!why.ok() && why.error().status == QTAP_ERR_IO) return false;
    ++counters_.dropped_spool;
    tell(item, why.ok() ? Status(queue_full()) : why);
  } catch (const std::bad_alloc&) {  // there is nobody above to tell
    ++counters_.dropped_spool;
  }
  return true;
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
  const auto asked = sink_->asked_to_wait();
  const BackOff::Duration wait = back_off_.wait(asked);
  const bool may_hurry = asked == asked.zero();
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return closing_ || (may_hurry && flushes_ > 0); });
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
    waiting.empty() ? set_down(true) : send_waiting(waiting);  // empty: the disk cannot be read
  } catch (const std::bad_alloc&) {
    set_down(true);  // they wait where they are
  }
  rest();
}

// Those whose bytes are known to be there need not go; equal ones wait for each other.
void Store::send_waiting(const std::vector<Spool::Waiting>& waiting) {
  std::vector<const Spool::Waiting*> sent;
  std::vector<Ref<Object>> objects;
  std::vector<Ref<Event>> events;
  std::set<std::string> identities;
  for (const Spool::Waiting& one : waiting) {
    if (const auto* event = std::get_if<Ref<Event>>(&one.item)) {
      events.push_back(*event);
    } else {
      const Ref<Object>& object = std::get<Ref<Object>>(one.item);
      const std::string identity = sink_->identity(*object);
      if (known_.contains(identity)) {
        ++counters_.deduplicated;
        end_waiting(one, {});
        continue;
      }
      if (!identity.empty() && !identities.insert(identity).second) continue;
      objects.push_back(object);
    }
    sent.push_back(&one);
  }
  if (sent.empty()) return;
  const std::vector<Status> outcomes =
      objects.empty() ? sink_->put_batch(events) : sink_->put_objects(objects);
  const bool is_down = std::all_of(outcomes.begin(), outcomes.end(), may_retry);
  const bool was_up = !back_off_.is_open();
  set_down(is_down);
  for (size_t i = 0; i < sent.size(); ++i) {
    if (may_retry(outcomes[i])) {
      ++counters_.retries;
      // An outage takes nobody's attempts, but for those that it seems to begin with.
      if (is_down && !was_up) continue;
      if (++spool_attempts_[sent[i]->id] < options_.max_attempts) continue;
    }
    end_waiting(*sent[i], outcomes[i]);
  }
}

void Store::end_waiting(const Spool::Waiting& one, const Status& outcome) {
  spool_attempts_.erase(one.id);
  if (!spool_->done(one.id)) return;  // went with the oldest, and counts as dropped
  const auto* object = std::get_if<Ref<Object>>(&one.item);
  if (object && outcome.ok()) known_.add(sink_->identity(**object));
  std::visit([&](const auto& item) { finish(Item(item), outcome); }, one.item);
}

}  // namespace qtap::sink
