// SPDX-License-Identifier: Apache-2.0
#include "session/outlet.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include "base/clock.h"
#include "model/event_json.h"

namespace qtap::session {

// An event store and an object store may have one name (spec/config.md 10), two of a kind may not.
Status Outlet::add_sinks(std::vector<sink::StorePlan> plans) {
  std::set<std::string_view> event_ids;
  std::set<std::string_view> object_ids;
  const auto is_new = [&](const sink::Sink& sink) {
    const bool takes_objects = sink.takes_objects() || sink.takes_bodies();
    return (!sink.takes_events() || event_ids.insert(sink.id()).second) &&
           (!takes_objects || object_ids.insert(sink.id()).second);
  };
  for (const auto& plan : plans_) is_new(*plan.sink);
  for (const auto& plan : plans) {
    if (is_new(*plan.sink)) continue;
    return Error{"QT027", QTAP_ERR_INVALID,
                 "add sink: the name \"" + plan.sink->id() + "\" is already used"};
  }
  plans_.reserve(plans_.size() + plans.size());  // from here on nothing can fail
  std::move(plans.begin(), plans.end(), std::back_inserter(plans_));
  return {};
}

void Outlet::open(std::function<bool()> can_wait) {
  const std::lock_guard lock(stores_mutex_);
  stores_.reserve(plans_.size());
  for (auto& plan : plans_) {
    if (!plan.sink) continue;  // has its store since a start that ran out of memory
    has_workers_ = plan.options.has_worker;
    tellings_.push_back(std::make_unique<Telling>(plan));
    Telling* const telling = tellings_.back().get();
    stores_.push_back(std::make_unique<sink::Store>(
        std::move(plan.sink), plan.options,
        [this, telling](const std::string&, const Ref<Object>& object, const std::string& url,
                        const Status& status) { stored(*telling, object, url, status); },
        [this](const std::string& id, const Error& why) { refused(id, why); }, can_wait,
        [this] { kick_stores(); }, std::move(plan.spool)));
  }
  plans_.clear();
  for (auto& store : stores_) store->begin();
}

void Outlet::close() {
  try {
    kick();
  } catch (const std::bad_alloc&) {  // there is nobody to tell any more
  }
  // What the workers of object stores still report goes to event stores: those that take no events
  // themselves come first.
  for (auto& store : stores_) {
    if (!store->sink().takes_events()) store->close();
  }
  for (auto& store : stores_) store->close();
  tell_rest();
  for (auto& plan : plans_) plan.sink->close();
  plans_.clear();
}

// How many uploads had no line of their own, where no further one will say so; and what is gone.
void Outlet::tell_rest() {
  for (auto& telling : tellings_) {
    const std::string line = telling->uploads.rest();
    if (!line.empty() && inform_) inform_(line);
    const uint64_t removed = telling->sink->removed();
    if (removed == telling->told_removed || !inform_) continue;
    inform_("store " + telling->sink->id() + ": removed " +
            std::to_string(removed - telling->told_removed) +
            " objects that were beyond max_bytes or max_age");
    telling->told_removed = removed;
  }
}

void Outlet::kick() {
  if (!console_.flush().ok()) console_lost(console_.take_lost());
  kick_stores();
}

void Outlet::kick_stores() {
  for (auto& store : stores_) store->kick();
}

void Outlet::to_stores(const Ref<Event>& event, const std::string& only) {
  for (auto& store : stores_) {
    const sink::Sink& sink = store->sink();
    if (sink.takes_events() && (only.empty() || sink.id() == only)) store->put(event);
  }
}

void Outlet::emit_event(Ref<Event> event) {
  ++events_;
  host_.event(*event);
  to_stores(event);
}

std::optional<StoredObject> Outlet::emit_object(Ref<Object> object) {
  ++objects_;
  host_.object(*object);
  object->lent_bytes = object->transaction ? object->transaction->decoded.lent_bytes() : 0;
  std::optional<StoredObject> stored;
  for (auto& store : stores_) {
    const sink::Sink& sink = store->sink();
    if (!sink.takes_objects() || !store->put(object) || stored) continue;
    stored = {object->type, sink.digest_of(*object), sink.locate(*object)};
  }
  return stored;
}

void Outlet::emit_body(const Ref<BodyChunk>& chunk) {
  for (auto& store : stores_) {
    if (store->sink().takes_bodies()) store->put(chunk);
  }
}

bool Outlet::takes_bodies() const {
  return std::any_of(stores_.begin(), stores_.end(),
                     [](const auto& store) { return store->sink().takes_bodies(); });
}

void Outlet::print(std::string_view text, std::string_view end) {
  // This one may be lost with the others that waited.
  if (!console_.collect(text, end).ok()) console_lost(console_.take_lost());
}

// A closed standard output ends printing, not capturing.
void Outlet::console_lost(uint64_t blocks) {
  if (blocks == 0) return;
  const bool is_first = console_dropped_ == 0;
  console_dropped_ += blocks;
  const Status status = console_.status();
  if (is_first && !status.ok()) {
    log_(message_of(status.error()) + "; what would be printed is dropped and counted");
  }
}

void Outlet::tell_uploads(Telling& telling, const Object& object) {
  const std::string where = telling.sink->uploaded_to(object);
  if (where.empty() || !inform_) return;
  for (const std::string& line : telling.uploads.uploaded(where, monotonic_ns())) inform_(line);
}

void Outlet::stored(Telling& telling, const Ref<Object>& object, const std::string& url,
                    const Status& status) {
  if (status.ok()) tell_uploads(telling, *object);
  if (!telling.has_record) return;
  Ref<Event> event =
      make_artifact_event(*object, telling.sink->digest_of(*object), telling.sink->id(), url,
                          status.ok() ? "" : message_of(status.error()));
  ++events_;
  if (!has_workers_) {
    host_.event(*event);
    return to_stores(event, telling.record_store);
  }
  to_stores(event,
            telling.record_store);  // they are kicked when the worker that tells this has told more
  if (!host_.wants_events()) return;
  {
    const std::lock_guard lock(deferred_mutex_);
    deferred_.push_back(std::move(event));
  }
  wake_();
}

// A store that is down refuses everything: one line says so, the counters how often. The texts name
// files, which differ from object to object, so what counts as the same is the part behind the last
// colon: the reason.
void Outlet::refused(const std::string& store_id, const Error& why) {
  const std::string reason = why.text.substr(why.text.rfind(": ") + 1);
  {
    const std::lock_guard lock(refused_mutex_);
    std::string& last = last_refusal_[store_id];
    if (last == reason) return;
    last = reason;
  }
  Error told = why;
  told.text = "store " + store_id + ": " + why.text + "; dropped and counted";
  log_(message_of(told));
}

void Outlet::deliver_deferred() {
  std::vector<Ref<Event>> events;
  {
    const std::lock_guard lock(deferred_mutex_);
    events.swap(deferred_);
  }
  for (const Ref<Event>& event : events) host_.event(*event);
}

// All stores flush at the same time: one that is stuck takes the time of the call, not that of the
// others. Each object makes an event for the event stores, so those get a second flush when the
// objects are in; a store that takes both is in both, or it would miss the events about its own
// objects. The first error is the result. Standard output has nothing to flush but may be gone,
// which is the same.
Status Outlet::flush(int timeout_ms) {
  const int64_t deadline_ns = monotonic_ns() + int64_t{timeout_ms} * 1'000'000;
  const auto left_ms = [&] {
    const int64_t left_ns = deadline_ns - monotonic_ns();
    return static_cast<int>(std::max<int64_t>(left_ns / 1'000'000, 0));
  };
  kick();
  Status result = console_.status();
  const auto keep_first = [&](Status status) {
    if (result.ok()) result = std::move(status);
  };

  std::vector<sink::Store::Flush> flushes;
  for (auto& store : stores_) {
    // Without workers one flushes after the other: each may use its share of what is left.
    const auto sharers = has_workers_ ? 1 : static_cast<int>(stores_.size() - flushes.size());
    flushes.push_back(store->begin_flush(left_ms() / sharers));
  }
  bool has_objects = false;
  for (size_t i = 0; i < stores_.size(); ++i) {
    if (!stores_[i]->sink().takes_objects()) continue;
    has_objects = true;
    keep_first(stores_[i]->end_flush(flushes[i]));
  }
  for (size_t i = 0; i < stores_.size(); ++i) {
    const sink::Sink& sink = stores_[i]->sink();
    // No time is left for a second one: the first was asked for in time.
    const int again_ms = sink.takes_events() && has_objects && has_workers_ ? left_ms() : 0;
    if (again_ms > 0) flushes[i] = stores_[i]->begin_flush(again_ms);
  }
  for (size_t i = 0; i < stores_.size(); ++i) {
    const sink::Sink& sink = stores_[i]->sink();
    if (sink.takes_events() || !sink.takes_objects()) {
      keep_first(stores_[i]->end_flush(flushes[i]));
    }
  }
  tell_rest();
  return result;
}

void Outlet::add_to(qtap_stats& stats) const {
  stats.events = events_;
  stats.objects = objects_;
  stats.sink_dropped += console_dropped_;
  const std::lock_guard lock(stores_mutex_);
  for (const auto& store : stores_) {
    const sink::StoreCounters& counters = store->counters();
    stats.sink_sent += counters.sent;
    stats.sink_dropped += counters.dropped();
    stats.sink_retries += counters.retries;
    if (!store->spool()) continue;
    const sink::SpoolCounters& spool = store->spool()->counters();
    stats.sink_dropped += spool.dropped_full + spool.dropped_corrupt;
    stats.sink_spooled += spool.waiting;
  }
}

}  // namespace qtap::session
