// SPDX-License-Identifier: Apache-2.0
#include "sink/store.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <new>
#include <utility>

namespace qtap::sink {
namespace {

using std::chrono::milliseconds;

// While a worker is made: it inherits what is blocked. The host's signals are for the host's
// threads: one that lands on ours would interrupt a sink, and the host's handler would run on a
// thread that the host does not know. What a fault raises is left alone.
class WorkerSignals {
 public:
  WorkerSignals() {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) {
      ::sigdelset(&blocked, fault);
    }
    ::pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~WorkerSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WorkerSignals(const WorkerSignals&) = delete;
  WorkerSignals& operator=(const WorkerSignals&) = delete;

 private:
  sigset_t before_ = {};
};

}  // namespace

// The sink is taken last, when nothing can fail any more; the threads wait for the lock until then.
Store::Store(std::unique_ptr<Sink>&& sink, const StoreOptions& options, StoredFn stored,
             RefusedFn refused, CanWaitFn can_wait, RestFn rest, std::unique_ptr<Spool> spool)
    : options_(options),
      stored_(std::move(stored)),
      refused_(std::move(refused)),
      can_wait_(std::move(can_wait)),
      rest_(std::move(rest)),
      spool_(std::move(spool)),
      back_off_(BackOff::Duration(options.first_retry_ns), BackOff::Duration(options.max_retry_ns),
                reinterpret_cast<uintptr_t>(this)) {
  std::unique_lock lock(mutex_);
  if (options_.has_worker) start_threads(lock);
  sink_ = std::move(sink);
}

Store::~Store() {
  close();
}

void Store::start_threads(std::unique_lock<std::mutex>& lock) {
  const WorkerSignals signals;
  batch_.reserve(kBatch);
  worker_ = std::thread([this] { work(); });
  ::pthread_setname_np(worker_.native_handle(), "qtap-sink");
  if (!spool_) return;
  try {
    spooling_.reserve(kBatch);
    spooler_ = std::thread([this] { spool_work(); });
  } catch (...) {
    closing_ = true;
    lock.unlock();
    worker_.join();
    throw;
  }
  ::pthread_setname_np(spooler_.native_handle(), "qtap-spool");
}

bool Store::enqueue(Item item) {
  const uint64_t bytes = size_of(item);
  Error refusal;
  std::vector<Item> dropped;
  bool wakes = false;
  {
    std::unique_lock lock(mutex_);
    if (options_.has_worker && body_size_of(item) > 0 && !has_room(item)) wait_for_room(lock, item);
    if (options_.has_worker && options_.drops_oldest && !closing_) make_room(item, dropped);
    if (closing_) {
      ++counters_.dropped_at_close;
      refusal = {"QT090", QTAP_ERR_STATE, "put into " + sink_->id() + ": the store is closed"};
    } else if (options_.has_worker && !has_room(item)) {
      ++counters_.dropped_queue_full;
      refusal = no_room(item);
    } else if (options_.has_worker) {
      if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item)) note_open(**chunk);
      is_begun_ = true;
      queue_.push_back(item);
      counters_.queue_bytes += bytes;
      body_bytes_ += body_size_of(item);
      ++taken_;
      const uint64_t half = options_.queue_bytes / 2;
      wakes = queue_.size() % kKickAt == 0 ||
              (counters_.queue_bytes > half && counters_.queue_bytes - bytes <= half);
    }
  }
  for (const Item& older : dropped) tell(older, queue_full());
  if (!refusal.text.empty()) {
    tell(item, std::move(refusal));
    return false;
  }
  if (!options_.has_worker) return deliver_one(item);
  if (wakes) changed_.notify_all();
  return true;
}

void Store::kick() {
  if (!options_.has_worker) return;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return;
  }
  changed_.notify_all();
}

void Store::begin() {
  {
    const std::lock_guard lock(mutex_);
    is_begun_ = true;
  }
  changed_.notify_all();
}

Store::Flush Store::begin_flush(int timeout_ms) {
  Flush flush = {.deadline = std::chrono::steady_clock::now() + milliseconds(timeout_ms),
                 .timeout_ms = timeout_ms};
  const FlushBy by = {flush.deadline};
  if (!options_.has_worker) {
    flush_sink(by);
    return flush;
  }
  const std::lock_guard lock(mutex_);
  auto* last = queue_.empty() ? nullptr : std::get_if<FlushBy>(&queue_.back());
  if (last) {
    // Nothing was put since: one is enough, however often a store that is stuck is asked.
    last->deadline = std::max(last->deadline, by.deadline);
  } else if (!closing_) {
    queue_.emplace_back(by);
    ++flushes_;
    ++taken_;
    changed_.notify_all();
  }
  flush.target = taken_;
  return flush;
}

Status Store::end_flush(const Flush& flush) {
  std::unique_lock lock(mutex_);
  const auto is_done = [&] {
    const bool is_spooled = spool_ && (sends_spooled_ || !spool_->is_empty());
    return closing_ || (finished_ >= flush.target && !is_spooled);
  };
  if (changed_.wait_until(lock, flush.deadline, is_done)) {
    return std::exchange(flush_result_, Status());
  }
  if (finished_ >= flush.target) return kept_in_spool(flush.timeout_ms);
  const uint64_t waiting = flush.target - finished_ - 1;
  return Error{"QT092", QTAP_ERR_TIMEOUT,
               "flush " + sink_->id() + ": " +
                   (waiting ? std::to_string(waiting) + " not stored" : "not done") + " after " +
                   std::to_string(flush.timeout_ms) + " ms"};
}

Error Store::kept_in_spool(int timeout_ms) const {
  return {"QT224", QTAP_ERR_TIMEOUT,
          "flush " + sink_->id() + ": " + std::to_string(spool_->counters().waiting) +
              " wait in the spool " + spool_->dir() + " after " + std::to_string(timeout_ms) +
              " ms; they are sent when the storage is back, also by a later process"};
}

Error Store::closed_first() const {
  return {"QT093", QTAP_ERR_STATE,
          "put into " + sink_->id() + ": the store was closed first; flush before"};
}

void Store::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    closing_ = true;
  }
  changed_.notify_all();
  sink_->interrupt();
  if (worker_.joinable()) worker_.join();
  if (spooler_.joinable()) spooler_.join();
  // Nobody puts or takes any more: the queue needs no lock.
  std::erase_if(batch_, is_flush);
  std::erase_if(queue_, is_flush);
  const auto is_kept = [this](const Item& item) {
    try {
      return keep(item);
    } catch (const std::bad_alloc&) {
      return false;
    }
  };
  std::erase_if(batch_, is_kept);
  std::erase_if(queue_, is_kept);
  counters_.dropped_at_close += batch_.size() + queue_.size();
  counters_.queue_bytes = 0;
  body_bytes_ = 0;
  {
    const std::lock_guard lock(mutex_);
    finished_ = taken_;
  }
  try {
    const Error why = closed_first();
    for (const Item& item : batch_) tell(item, why);
    for (const Item& item : queue_) tell(item, why);
  } catch (const std::bad_alloc&) {  // counted above; there is nobody to tell
  }
  batch_.clear();
  queue_.clear();
  sink_->close();
}

}  // namespace qtap::sink
