// SPDX-License-Identifier: Apache-2.0
// In: Event, Object, BodyChunk. Out: bytes in somebody's storage.
// A Store has one bounded queue and one worker thread (sink/store.h); calls of one sink come one at
// a time, so it may block and needs no lock. What does not fit the queue or is refused is dropped
// and counted by the store.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/body_chunk.h"
#include "model/event.h"
#include "model/object.h"

namespace qtap::sink {

// A chunk as one sink gets it: what was refused or found no room before shows as missing.
struct BodyPart {
  const BodyChunk& chunk;
  bool first = false;      // this sink has got nothing of the body yet
  uint64_t missing = 0;    // bytes right before this chunk
  bool truncated = false;  // chunk.last: not all of the body came
};

// Whether an outcome of a sink's call is for later, or final.
inline bool may_retry(const Status& outcome) {
  return !outcome.ok() && outcome.error().status == QTAP_ERR_AGAIN;
}

// The C++ face of struct qtap_sink_ops: built-in sinks and the host's implement the same calls.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual const std::string& id() const = 0;  // unique in the session, e.g. "file-0"
  virtual bool takes_events() const = 0;
  virtual bool takes_objects() const = 0;
  virtual bool takes_bodies() const { return false; }
  // An Error with status QTAP_ERR_AGAIN is retried with back-off; any other is final: dropped and
  // counted.
  virtual Status put_event(const Ref<Event>& event) = 0;
  // Whether put_events() is one call for all of them; else a close may come between two events.
  virtual bool batches_events() const { return false; }
  // Events that came together. Taken in their order; `taken` says how many were when one is
  // refused.
  virtual Status put_events(std::span<const Ref<Event>> events, size_t& taken) {
    for (taken = 0; taken < events.size(); ++taken) {
      if (Status status = put_event(events[taken]); !status.ok()) return status;
    }
    return {};
  }
  // Whether its events go over a network, many in one request: put_batch() is called in place of
  // the two above, with events that waited for each other (sink.batch.*).
  virtual bool waits_for_batches() const { return false; }
  // As put_event() of each: their outcomes in their order. After QTAP_ERR_AGAIN the same ones come
  // again, in the same order, without those that were taken or refused.
  virtual std::vector<Status> put_batch(std::span<const Ref<Event>> events) {
    std::vector<Status> outcomes;
    for (const Ref<Event>& event : events) outcomes.push_back(put_event(event));
    return outcomes;
  }
  virtual Status put_object(const Ref<Object>& object) = 0;
  // What this storage knows an object by: its record says so. Any thread.
  virtual const std::string& digest_of(const Object& object) const { return object.digest; }
  // 64 bytes that two objects share if, and only if, they would be the same bytes in the same
  // place: those are put once. "": each is put. Pure.
  virtual std::string identity(const Object& object) const { return object.digest; }
  // How many objects it can have on their way at once.
  virtual size_t objects_at_once() const { return 1; }
  // As put_object() of each, side by side: their outcomes in their order.
  virtual std::vector<Status> put_objects(std::span<const Ref<Object>> objects) {
    std::vector<Status> outcomes;
    for (const Ref<Object>& object : objects) outcomes.push_back(put_object(object));
    return outcomes;
  }
  // A body in transfer, in order; its object comes when the transaction is over.
  virtual Status put_body(const BodyPart& /*part*/) { return {}; }
  // Where put_object will store it; pure, may be called from the session's thread before the put.
  // "" = no place.
  virtual std::string locate(const Object& object) const = 0;
  // Objects that it removed again, since it keeps limits. Any thread.
  virtual uint64_t removed() const { return 0; }
  // "s3://bucket/<digest>" of what it has uploaded over a network, for a line of the log; "" = it
  // is not worth one.
  virtual std::string uploaded_to(const Object& /*object*/) const { return {}; }
  // How long the storage asked to be left alone, by the last answers that may be tried again
  // (Retry-After); zero: it did not say. Asked after an Error with QTAP_ERR_AGAIN.
  virtual std::chrono::nanoseconds asked_to_wait() const { return {}; }
  // Ends a call that waits for the network, with QTAP_ERR_AGAIN, and all later ones. Any thread,
  // while a call may run; what is left is dropped.
  virtual void interrupt() {}
  virtual Status flush(int timeout_ms) = 0;
  virtual void close() = 0;  // called exactly once, last
};

}  // namespace qtap::sink
