// SPDX-License-Identifier: Apache-2.0
// In: Event, Object and BodyChunk from plugins and connections. Out: the host's callbacks and every
// store that takes them. Used on the polling thread; only stored() is called by the stores'
// workers, which makes the artifact_record events.
#pragma once

#include <qtap/session.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugin/plugin.h"
#include "session/host.h"
#include "session/upload_log.h"
#include "sink/console.h"
#include "sink/store.h"

namespace qtap::session {

class Outlet final : public plugin::Output {
 public:
  // `wake` makes the polling thread call deliver_deferred() soon; any thread may call it.
  // `log` gets a line when a store gives something up; any thread.
  // `console_fd` is where text for people goes; it is borrowed. `inform` gets a line when a store
  // has uploaded something; any thread.
  Outlet(Host& host, std::function<void()> wake, std::function<void(const std::string&)> log,
         int console_fd = STDOUT_FILENO, std::function<void(const std::string&)> inform = nullptr)
      : host_(host),
        wake_(std::move(wake)),
        log_(std::move(log)),
        inform_(std::move(inform)),
        console_(console_fd) {}
  ~Outlet() override { close(); }

  sink::Console& console() { return console_; }

  // All or none. QTAP_ERR_INVALID: an id is taken.
  Status add_sinks(std::vector<sink::StorePlan> plans);
  // Starts a store with a queue and a worker for each sink; all have a worker, or none has.
  // `can_wait`: the source has room for what is not fetched yet.
  void open(std::function<bool()> can_wait = nullptr);
  void close();

  void emit_event(Ref<Event> event) override;
  std::optional<StoredObject> emit_object(Ref<Object> object) override;
  void emit_console(std::string text) override { print(text, ""); }
  void emit_line(std::string_view line) override { print(line, "\n"); }
  // To every store that takes them.
  void emit_body(const Ref<BodyChunk>& chunk);
  bool takes_bodies() const;

  // Hands events that workers made to the host.
  void deliver_deferred();
  // The session has nothing more for now: what was printed is written, and the stores' workers go
  // on with what they got.
  void kick();
  // The first error of a store, or of standard output when something could not be printed.
  Status flush(int timeout_ms);
  // Adds what went out to the counters; any thread.
  void add_to(qtap_stats& stats) const;

 private:
  void print(std::string_view text, std::string_view end);
  void kick_stores();
  // How what becomes of the objects of one store is told.
  struct Telling {
    explicit Telling(const sink::StorePlan& plan)
        : sink(plan.sink.get()),
          has_record(plan.has_record),
          record_store(plan.record_store),
          uploads(sink->id()) {}
    const sink::Sink* sink;
    bool has_record;
    std::string record_store;  // "" = all
    UploadLog uploads;
    uint64_t told_removed = 0;  // the session's thread only
  };
  void stored(Telling& telling, const Ref<Object>& object, const std::string& url,
              const Status& status);
  void tell_rest();
  void tell_uploads(Telling& telling, const Object& object);
  void refused(const std::string& store_id, const Error& why);
  void to_stores(const Ref<Event>& event, const std::string& only = {});
  void console_lost(uint64_t blocks);

  Host& host_;
  std::function<void()> wake_;
  std::function<void(const std::string&)> log_;
  std::function<void(const std::string&)> inform_;
  sink::Console console_;
  std::atomic<uint64_t> console_dropped_{0};  // blocks that standard output did not take
  std::vector<sink::StorePlan> plans_;        // until open()
  // Grows only in open(), which locks against add_to(), the one reader on other threads then: the
  // workers look at it after something was put, and nothing is before open() has returned.
  std::vector<std::unique_ptr<sink::Store>> stores_;
  mutable std::mutex stores_mutex_;
  std::vector<std::unique_ptr<Telling>> tellings_;  // of stores_
  bool has_workers_ = false;
  std::atomic<uint64_t> events_{0};
  std::atomic<uint64_t> objects_{0};
  std::mutex refused_mutex_;
  std::map<std::string, std::string> last_refusal_;  // by store: said once until it changes
  std::mutex deferred_mutex_;
  std::vector<Ref<Event>> deferred_;
};

}  // namespace qtap::session
