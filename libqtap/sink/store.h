// SPDX-License-Identifier: Apache-2.0
// In: Event, Object, BodyChunk, from the session's thread. Out: calls of one sink, one at a time,
// from one worker thread. The queue is bounded in bytes; what does not fit is dropped and counted,
// capture never waits. Chunks of bodies have a bound of their own, body_bytes, so that no body
// piles up here; for room there the caller waits a little, while nothing is lost by it (CanWaitFn).
// Without a worker (worker.threads=0) the sink is called inline: deterministic, for tests, replay
// and single-threaded hosts.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "sink/back_off.h"
#include "sink/recent_digests.h"
#include "sink/sink.h"
#include "sink/spool.h"

namespace qtap::sink {

struct StoreOptions {
  uint64_t queue_bytes = 64u << 20;  // sink.queue_bytes
  bool drops_oldest = false;         // sink.queue_full
  uint64_t body_bytes = 2u << 20;    // capture.body_buffer: chunks in the queue, of all bodies
  int64_t max_body_wait_ns = 200'000'000;  // for room there
  uint32_t max_attempts = 8;               // sink.retry.max_attempts
  int64_t first_retry_ns = 200'000'000;    // sink.retry.first
  int64_t max_retry_ns = 30'000'000'000;   // sink.retry.max
  uint64_t batch_events = 512;             // sink.batch.max_events, where the sink asks for batches
  int64_t batch_wait_ns = 1'000'000'000;   // sink.batch.max_wait
  bool has_worker = true;
};

// A store that is to be.
struct StorePlan {
  std::unique_ptr<Sink> sink;
  StoreOptions options;
  std::unique_ptr<Spool> spool = nullptr;  // needs a worker
  // Of a store of objects: who gets its artifact_record (event_store.*).
  bool has_record = true;
  std::string record_store = {};  // an event store; "" = all
};

// Read from any thread. What was put is sent, dropped, or still in the queue.
struct StoreCounters {
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> dropped_queue_full{0};
  std::atomic<uint64_t> dropped_refused{0};   // by the sink, for good
  std::atomic<uint64_t> dropped_at_close{0};  // queued or to be tried again then, or put later
  std::atomic<uint64_t> dropped_spool{0};     // the disk did not take it
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> deduplicated{0};  // sent: equal bytes that were stored before
  std::atomic<uint64_t> queue_bytes{0};   // in the queue or being sent now

  uint64_t dropped() const {
    return dropped_queue_full + dropped_refused + dropped_at_close + dropped_spool;
  }
};

class Store {
 public:
  // The sink's own flush goes through the queue as well, so that its calls never overlap.
  struct FlushBy {
    std::chrono::steady_clock::time_point deadline;
  };
  using Item = std::variant<Ref<Event>, Ref<Object>, Ref<BodyChunk>, FlushBy>;

  // One that is neither stored nor given up.
  struct OpenItem {
    const Item* item;
    uint32_t attempts = 0;  // that failed
  };

  // Called once for every object that was put, when it is stored or given up: from the worker, or
  // from the thread that put or closed when there was no room or no time for it. No lock is held.
  // What waits in a spool at the end is told by the next process.
  using StoredFn = std::function<void(const std::string& store_id, const Ref<Object>& object,
                                      const std::string& url, const Status& status)>;

  // Called for everything that was given up, on the thread that did, before `stored`.
  using RefusedFn = std::function<void(const std::string& store_id, const Error& why)>;

  // Called from the worker, without a lock, when it has told of objects through StoredFn: at the
  // end of a batch, and every kRest while one takes longer. What they led to elsewhere can go on
  // now.
  using RestFn = std::function<void()>;

  // Whether the thread that puts may wait for a moment. Called with the queue locked.
  using CanWaitFn = std::function<bool()>;

  // When there is no memory or no thread, an exception leaves `sink` with its sink.
  Store(std::unique_ptr<Sink>&& sink, const StoreOptions& options, StoredFn stored,
        RefusedFn refused = nullptr, CanWaitFn can_wait = nullptr, RestFn rest = nullptr,
        std::unique_ptr<Spool> spool = nullptr);
  ~Store();

  const Sink& sink() const { return *sink_; }
  const StoreCounters& counters() const { return counters_; }
  const Spool* spool() const { return spool_.get(); }  // null: it has none

  // True: taken. In the queue, that is, or with the sink when there is no worker. False: dropped,
  // and counted. The worker starts when kick() is called, or kKickAt items wait.
  bool put(Ref<Event> event) { return enqueue(std::move(event)); }
  bool put(Ref<Object> object) { return enqueue(std::move(object)); }
  bool put(Ref<BodyChunk> chunk) { return enqueue(std::move(chunk)); }
  // No more comes for now. To wake the worker for each item would cost more than most items do.
  void kick();
  // What an earlier process left in the spool may be delivered: who is told of it is ready. The
  // first put says so as well.
  void begin();

  // A flush that is under way; its time began with begin_flush().
  struct Flush {
    std::chrono::steady_clock::time_point deadline;
    int timeout_ms = 0;
    uint64_t target = 0;  // finished_ when it is done
  };
  // Asks for a flush of everything that was put before, whatever is put meanwhile, and returns at
  // once: the flushes of several stores run at the same time. Without a worker it is done here.
  Flush begin_flush(int timeout_ms);
  // Waits for it. The first error since the last wait, or QTAP_ERR_TIMEOUT.
  Status end_flush(const Flush& flush);
  Status flush(int timeout_ms) { return end_flush(begin_flush(timeout_ms)); }
  // Joins the worker and closes the sink, once. What is still queued, or put later, is dropped and
  // counted. Interrupts a call of the sink that is running, and waits for its end, not for retries.
  void close();

 private:
  static constexpr size_t kKickAt = 256;
  // What the worker takes at once: what a sink may write in one piece.
  static constexpr size_t kBatch = 256;
  static constexpr std::chrono::milliseconds kRest{5};

  // How far a body has come to the sink; from its first chunk to its last.
  struct BodyProgress {
    uint64_t next = 0;  // offset behind what it took
    bool begun = false;
    bool truncated = false;
  };
  using BodyKey = std::pair<std::string, MessageKind>;

  static bool is_flush(const Item& item) { return std::holds_alternative<FlushBy>(item); }
  static uint64_t size_of(const Item& item);
  static uint64_t body_size_of(const Item& item);
  static BodyKey key_of(const BodyChunk& chunk);

  bool enqueue(Item item);
  bool has_room(const Item& item) const;
  void make_room(const Item& item, std::vector<Item>& dropped);
  void leave_queue(const Item& item);
  bool half_is_free() const { return body_bytes_ <= options_.body_bytes / 2; }
  void note_open(const BodyChunk& chunk);
  void wait_for_room(std::unique_lock<std::mutex>& lock, const Item& item);
  Error no_room(const Item& item) const;
  Error queue_full() const;
  Error kept_in_spool(int timeout_ms) const;
  void start_threads(std::unique_lock<std::mutex>& lock);
  void work();
  size_t deliver_next(std::span<const Item> items);
  Status deliver_events(std::span<const Item> items, size_t& taken);
  bool deliver_one(const Item& item);  // false: the sink refused it for good
  void flush_sink(FlushBy by);
  size_t deliver_objects(std::span<const Item> items);
  size_t deliver_batch(std::span<const Item> items);
  size_t deliver_group(std::vector<OpenItem> open);
  void send_group(std::vector<OpenItem>& open);
  void give_up(std::vector<OpenItem>& open);
  bool must_spool() const;
  void spool_work();
  void wait_for_spooling(std::unique_lock<std::mutex>& lock);
  void put_back(std::vector<Item>& items);
  bool keep(const Item& item, Status* why = nullptr);
  bool keep_or_drop(const Item& item);
  void set_down(bool is_down);
  bool wait_for_storage();
  void run_flushes();
  void deliver_from_spool();
  void send_waiting(const std::vector<Spool::Waiting>& waiting);
  void end_waiting(const Spool::Waiting& one, const Status& outcome);
  size_t batch_size() const;
  bool is_batch_due() const;
  void wait_for_batch(std::unique_lock<std::mutex>& lock);
  void take_batch();
  Error closed_first() const;
  Status put_with_retries(const Item& item, Status status);
  bool finish(const Item& item, const Status& status);
  Status attempt(const Item& item);
  Status put_body(const BodyChunk& chunk);
  bool wait_before_retry();
  bool is_closing();
  void rest();
  void tell(const Item& item, const Status& status);

  std::unique_ptr<Sink> sink_;
  StoreOptions options_;
  StoredFn stored_;
  RefusedFn refused_;
  CanWaitFn can_wait_;
  RestFn rest_;
  StoreCounters counters_;
  const std::unique_ptr<Spool> spool_;

  // Equal bytes are not uploaded again while their digest is among the last (spec, 5).
  RecentDigests known_;  // these six: the delivering thread only
  BackOff back_off_;
  bool has_told_ = false;
  std::vector<Item> batch_;
  std::map<BodyKey, BodyProgress> bodies_;
  std::map<Spool::Id, uint32_t> spool_attempts_;  // that failed while others did not

  std::mutex mutex_;  // guards what follows, and changes of counters_.queue_bytes
  std::condition_variable changed_;
  std::condition_variable half_free_;  // half_is_free() became true
  std::deque<Item> queue_;
  size_t flushes_ = 0;              // in the queue
  uint64_t body_bytes_ = 0;         // of chunks in the queue or being sent now
  uint64_t stuck_at_ = UINT64_MAX;  // finished_ when waiting for room was in vain
  std::set<BodyKey> open_bodies_;   // of which a chunk found room, and the end did not come yet
  uint64_t taken_ = 0;              // items that ever were in the queue
  uint64_t finished_ = 0;           // of these, sent or dropped
  Status flush_result_;             // the first error that no end_flush() has told yet
  bool is_begun_ = false;
  bool sends_spooled_ = false;  // the last of the spool may be gone, and nobody told yet
  std::chrono::steady_clock::time_point disk_refuses_until_;
  bool is_down_ = false;  // with a spool: all that was tried last is to be tried again
  bool closing_ = false;
  std::vector<Item> spooling_;
  std::thread worker_;
  std::thread spooler_;
};

}  // namespace qtap::sink
