// SPDX-License-Identifier: Apache-2.0
// What a store's queue has room for, and how long it waits for some.
#include <chrono>

#include "sink/store.h"

namespace qtap::sink {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// What an item holds in memory beside its bytes: the object, its reference, the queue's slot.
constexpr uint64_t kItemOverhead = 256;

}  // namespace

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
    size += tx->request.body.size() + tx->response.body.size() + (*object)->lent_bytes;
  }
  return size;
}

uint64_t Store::body_size_of(const Item& item) {
  return std::holds_alternative<Ref<BodyChunk>>(item) ? size_of(item) : 0;
}

void Store::leave_queue(const Item& item) {
  counters_.queue_bytes -= size_of(item);
  const bool was_half_free = half_is_free();
  body_bytes_ -= body_size_of(item);
  if (!was_half_free && half_is_free()) half_free_.notify_one();
}

// sink.queue_full: drop_oldest. The ends of bodies stay: whoever keeps bodies apart must learn
// them. What the worker has taken stays too.
void Store::make_room(const Item& item, std::vector<Item>& dropped) {
  const auto may_go = [](const Item& one) {
    const auto* chunk = std::get_if<Ref<BodyChunk>>(&one);
    return !is_flush(one) && !(chunk && (*chunk)->last);
  };
  if (size_of(item) > options_.queue_bytes) return;
  for (auto at = queue_.begin(); at != queue_.end() && !has_room(item);) {
    if (!may_go(*at)) {
      ++at;
      continue;
    }
    leave_queue(*at);
    ++finished_;
    ++counters_.dropped_queue_full;
    dropped.push_back(std::move(*at));
    at = queue_.erase(at);
  }
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
  return queue_full();
}

Error Store::queue_full() const {
  return {"QT091", QTAP_ERR_LIMIT,
          "put into " + sink_->id() + ": no room in its queue of " +
              std::to_string(options_.queue_bytes) +
              " bytes; raise sink.queue_bytes or use a faster store"};
}

}  // namespace qtap::sink
