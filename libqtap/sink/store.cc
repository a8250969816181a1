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
using std::chrono::nanoseconds;

// What an item holds in memory beside its bytes: the object, its reference, the queue's slot.
constexpr uint64_t kItemOverhead = 256;

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

// The sink is taken last, when nothing can fail any more: the worker looks at it only after
// something was put.
Store::Store(std::unique_ptr<Sink>&& sink, const StoreOptions& options, StoredFn stored,
             RefusedFn refused, CanWaitFn can_wait)
    : options_(options),
      stored_(std::move(stored)),
      refused_(std::move(refused)),
      can_wait_(std::move(can_wait)),
      // Stores must not retry in step; the value only has to differ and not be zero.
      jitter_(reinterpret_cast<uintptr_t>(this) | 1) {
  if (options_.has_worker) start_worker();
  sink_ = std::move(sink);
}

Store::~Store() {
  close();
}

// An object keeps its transaction alive, with both bodies, until it is gone.
uint64_t Store::size_of(const Item& item) {
  if (const auto* event = std::get_if<Ref<Event>>(&item)) {
    return (*event)->json.size() + kItemOverhead;
  }
  if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item)) {
    return (*chunk)->data.size() + kItemOverhead;
  }
  const auto* object = std::get_if<Ref<Object>>(&item);
  if (!object) return 0;
  uint64_t size = (*object)->data.size() + kItemOverhead;
  if (const Transaction* tx = (*object)->transaction.get()) {
    size += tx->request.body.size() + tx->response.body.size();
  }
  return size;
}

uint64_t Store::body_size_of(const Item& item) {
  return std::holds_alternative<Ref<BodyChunk>>(item) ? size_of(item) : 0;
}

// The end of a body that the sink knows always finds room: whoever keeps bodies apart must learn
// it. There are no more of those than chunks found room.
bool Store::has_room(const Item& item) const {
  const auto* chunk = std::get_if<Ref<BodyChunk>>(&item);
  const uint64_t body_bytes = body_size_of(item);
  if (chunk && (*chunk)->last && open_bodies_.contains(key_of(**chunk))) return true;
  if (counters_.queue_bytes + size_of(item) > options_.queue_bytes) return false;
  // One chunk may be larger than the bound, so that a small bound does not stop everything.
  return !chunk || body_bytes_ == 0 || body_bytes_ + body_bytes <= options_.body_bytes;
}

// A body comes as fast as it is sent, and the source holds what is not fetched yet: to wait is free
// until that fills. Once it waits it waits for half of the bound: two threads that hand over chunk
// by chunk spend their time on switching. A sink that does nothing in all that time is not waited
// for again before it has done something.
void Store::wait_for_room(std::unique_lock<std::mutex>& lock, const Item& item) {
  using std::chrono::steady_clock;
  if (stuck_at_ == finished_) return;
  changed_.notify_all();  // as kick(): the worker may sleep still
  const auto give_up = steady_clock::now() + nanoseconds(options_.max_body_wait_ns);
  while (!closing_ && !(has_room(item) && half_is_free())) {
    if (can_wait_ && !can_wait_()) return;
    if (steady_clock::now() >= give_up) {
      if (!has_room(item)) stuck_at_ = finished_;
      return;
    }
    half_free_.wait_for(lock, milliseconds(1));
  }
}

Store::BodyKey Store::key_of(const BodyChunk& chunk) {
  return {chunk.transaction_id, chunk.message};
}

void Store::note_open(const BodyChunk& chunk) {
  if (chunk.last) {
    open_bodies_.erase(key_of(chunk));
  } else {
    open_bodies_.insert(key_of(chunk));
  }
}

Error Store::no_room(const Item& item) const {
  if (counters_.queue_bytes + size_of(item) <= options_.queue_bytes) {
    return {"QT098", QTAP_ERR_LIMIT,
            "put a body into " + sink_->id() + ": no room for more than " +
                std::to_string(options_.body_bytes) +
                " bytes that wait; raise capture.body_buffer or use a faster store"};
  }
  return {"QT091", QTAP_ERR_LIMIT,
          "put into " + sink_->id() + ": no room in its queue of " +
              std::to_string(options_.queue_bytes) +
              " bytes; raise sink.queue_bytes or use a faster store"};
}

void Store::start_worker() {
  const WorkerSignals signals;
  batch_.reserve(kBatch);
  worker_ = std::thread([this] { work(); });
  ::pthread_setname_np(worker_.native_handle(), "qtap-sink");
}

bool Store::enqueue(Item item) {
  const uint64_t bytes = size_of(item);
  Error refusal;
  size_t waiting = 0;
  {
    std::unique_lock lock(mutex_);
    if (options_.has_worker && body_size_of(item) > 0 && !has_room(item)) wait_for_room(lock, item);
    if (closing_) {
      ++counters_.dropped_at_close;
      refusal = {"QT090", QTAP_ERR_STATE, "put into " + sink_->id() + ": the store is closed"};
    } else if (options_.has_worker && !has_room(item)) {
      ++counters_.dropped_queue_full;
      refusal = no_room(item);
    } else if (options_.has_worker) {
      if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item)) note_open(**chunk);
      queue_.push_back(item);
      counters_.queue_bytes += bytes;
      body_bytes_ += body_size_of(item);
      ++taken_;
      waiting = queue_.size();
    }
  }
  if (!refusal.text.empty()) {
    tell(item, std::move(refusal));
    return false;
  }
  if (!options_.has_worker) return deliver_one(item);
  if (waiting >= kKickAt) changed_.notify_all();
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

void Store::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (closing_) return;
    const auto end = queue_.begin() + static_cast<long>(std::min(queue_.size(), kBatch));
    batch_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    size_t done = 0;
    while (done < batch_.size() && !closing_) {
      lock.unlock();
      const size_t delivered = deliver_next(std::span(batch_).subspan(done));
      lock.lock();
      for (const size_t until = done + delivered; done < until; ++done) {
        counters_.queue_bytes -= size_of(batch_[done]);  // counted until it is with the sink
        const bool was_half_free = half_is_free();
        body_bytes_ -= body_size_of(batch_[done]);
        if (!was_half_free && half_is_free()) half_free_.notify_one();
      }
      finished_ += delivered;
      changed_.notify_all();
    }
    // Closed meanwhile: the others are dropped with the rest.
    queue_.insert(queue_.begin(), batch_.begin() + static_cast<long>(done), batch_.end());
    batch_.clear();
  }
}

// What `items` begins with: one item, or several events together. How many it was, at least 1.
size_t Store::deliver_next(std::span<const Item> items) {
  size_t taken = 0;
  try {
    if (const auto* flush = std::get_if<FlushBy>(&items[0])) {
      flush_sink(*flush);
    } else if (!std::holds_alternative<Ref<Event>>(items[0])) {
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
    counters_.sent += taken;
    return status;
  } catch (...) {
    counters_.sent += taken;
    throw;
  }
}

bool Store::deliver_one(const Item& item) {
  const auto* object = std::get_if<Ref<Object>>(&item);
  if (object && is_known((*object)->digest)) {
    ++counters_.deduplicated;
    return finish(item, {});
  }
  Status status = put_with_retries(item, attempt(item));
  if (object && status.ok()) remember((*object)->digest);
  return finish(item, status);
}

bool Store::finish(const Item& item, const Status& status) {
  if (const auto* chunk = std::get_if<Ref<BodyChunk>>(&item); chunk && (*chunk)->last) {
    bodies_.erase(key_of(**chunk));
  }
  status.ok() ? ++counters_.sent : ++counters_.dropped_refused;
  tell(item, status);
  return status.ok();
}

// `status`: what the first attempt gave.
Status Store::put_with_retries(const Item& item, Status status) {
  for (uint32_t attempts = 1;; ++attempts) {
    const bool may_retry = !status.ok() && status.error().status == QTAP_ERR_AGAIN;
    if (!may_retry || attempts >= options_.max_attempts) return status;
    ++counters_.retries;
    if (!wait_before_retry(attempts)) return status;
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

// Doubles from the first wait to the longest, with half of it random so that many stores do not
// return at once. False: closing. Without a worker there is nobody to wait for: the next attempt
// follows at once.
bool Store::wait_before_retry(uint32_t attempt) {
  if (!options_.has_worker) return true;
  int64_t longest = std::min(options_.first_retry_ns, options_.max_retry_ns);
  for (uint32_t i = 1; i < attempt && longest < options_.max_retry_ns; ++i) {
    longest = longest > options_.max_retry_ns / 2 ? options_.max_retry_ns : longest * 2;
  }
  std::unique_lock lock(mutex_);
  jitter_ ^= jitter_ << 13;  // xorshift64, Marsaglia 2003
  jitter_ ^= jitter_ >> 7;
  jitter_ ^= jitter_ << 17;
  const int64_t half = std::max<int64_t>(longest / 2, 1);
  const auto random = static_cast<int64_t>(jitter_ % static_cast<uint64_t>(half));
  return !changed_.wait_for(lock, nanoseconds(half + random), [this] { return closing_; });
}

void Store::remember(const std::string& digest) {
  known_.insert(digest);
  known_order_.push_back(digest);
  if (known_order_.size() > kRemembered) {
    known_.erase(known_order_.front());
    known_order_.pop_front();
  }
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
    ++taken_;
    changed_.notify_all();
  }
  flush.target = taken_;
  return flush;
}

Status Store::end_flush(const Flush& flush) {
  std::unique_lock lock(mutex_);
  const auto is_done = [&] { return closing_ || finished_ >= flush.target; };
  if (changed_.wait_until(lock, flush.deadline, is_done)) {
    return std::exchange(flush_result_, Status());
  }
  const uint64_t waiting = flush.target - finished_ - 1;
  return Error{"QT092", QTAP_ERR_TIMEOUT,
               "flush " + sink_->id() + ": " +
                   (waiting ? std::to_string(waiting) + " not stored" : "not done") + " after " +
                   std::to_string(flush.timeout_ms) + " ms"};
}

// One that is late has nobody waiting for it any more, neither before nor afterwards.
void Store::flush_sink(FlushBy by) {
  using std::chrono::steady_clock;
  const auto left = std::chrono::duration_cast<milliseconds>(by.deadline - steady_clock::now());
  if (left.count() < 0) return;
  Status flushed = sink_->flush(static_cast<int>(left.count()));
  if (flushed.ok() || (options_.has_worker && steady_clock::now() > by.deadline)) return;
  const std::lock_guard lock(mutex_);
  if (flush_result_.ok()) flush_result_ = std::move(flushed);
}

void Store::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    closing_ = true;
  }
  changed_.notify_all();
  if (worker_.joinable()) worker_.join();
  // Nobody puts or takes any more: the queue needs no lock.
  std::erase_if(queue_, [](const Item& item) { return std::holds_alternative<FlushBy>(item); });
  counters_.dropped_at_close += queue_.size();
  counters_.queue_bytes = 0;
  body_bytes_ = 0;
  {
    const std::lock_guard lock(mutex_);
    finished_ = taken_;
  }
  try {
    for (const Item& item : queue_) {
      tell(item, Error{"QT093", QTAP_ERR_STATE,
                       "put into " + sink_->id() + ": the store was closed first; flush before"});
    }
  } catch (const std::bad_alloc&) {  // counted above; there is nobody to tell
  }
  queue_.clear();
  sink_->close();
}

}  // namespace qtap::sink
