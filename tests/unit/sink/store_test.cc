// SPDX-License-Identifier: Apache-2.0
#include "sink/store.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "support/make.h"

using namespace qtap;
using sink::Store;
using sink::StoreOptions;
using test::make_event;
using test::make_object;

namespace {

// What a test sink does, seen from outside: lives longer than the store.
struct Script {
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false;
  int refuse = 0;             // so many puts fail ...
  int refusal = QTAP_ERR_IO;  // ... with this
  std::vector<std::string> got;
  int entered = 0;
  int inside = 0;  // calls of the sink that run now
  bool overlapped = false;
  int flushed = 0;
  int refuse_flushes = 0;  // so many fail
  int closed = 0;

  void unblock() {
    {
      const std::lock_guard lock(mutex);
      blocked = false;
    }
    changed.notify_all();
  }
  // Until the worker is inside a put.
  bool wait_entered(int n) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return entered >= n; });
  }
};

class ScriptedSink final : public sink::Sink {
 public:
  explicit ScriptedSink(Script& script) : script_(script) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>& event) override { return put(event->json); }
  Status put_object(const Ref<Object>& object) override { return put(object->data); }
  std::string locate(const Object& object) const override { return "test:" + object.digest; }
  Status flush(int) override {
    const Inside inside(script_);
    const std::lock_guard lock(script_.mutex);
    ++script_.flushed;
    if (script_.refuse_flushes-- > 0) return Error{QTAP_ERR_IO, "flush: the disk is gone"};
    return {};
  }
  void close() override { ++script_.closed; }

 private:
  // Notices calls that overlap.
  class Inside {
   public:
    explicit Inside(Script& script) : script_(script) { add(1); }
    ~Inside() { add(-1); }

   private:
    void add(int n) {
      const std::lock_guard lock(script_.mutex);
      script_.inside += n;
      if (script_.inside > 1) script_.overlapped = true;
    }
    Script& script_;
  };

  Status put(const std::string& text) {
    const Inside inside(script_);
    std::unique_lock lock(script_.mutex);
    ++script_.entered;
    script_.changed.notify_all();
    script_.changed.wait(lock, [this] { return !script_.blocked; });
    if (script_.refuse > 0) {
      --script_.refuse;
      return Error{script_.refusal, "refused"};
    }
    script_.got.push_back(text);
    return {};
  }

  std::string id_ = "scripted";
  Script& script_;
};

StoreOptions inline_options() {
  StoreOptions options;
  options.has_worker = false;
  return options;
}

StoreOptions quick_retries() {
  StoreOptions options;
  options.first_retry_ns = 1000;
  options.max_retry_ns = 1000;
  return options;
}

}  // namespace

TEST_SUITE("sink/store") {
  TEST_CASE("what is put arrives in order") {
    Script script;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    for (int i = 0; i < 100; ++i) CHECK(store.put(make_event(std::to_string(i))));
    REQUIRE(store.flush(20'000).ok());
    REQUIRE(script.got.size() == 100);
    CHECK(script.got[0] == "0");
    CHECK(script.got[99] == "99");
    CHECK(store.counters().sent == 100);
  }

  TEST_CASE("a full queue drops the newest, counts it, and never waits") {
    Script script;
    script.blocked = true;
    StoreOptions options;
    options.queue_bytes = 2000;
    Store store(std::make_unique<ScriptedSink>(script), options, nullptr);
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += store.put(make_event(std::string(100, 'x'))) ? 1 : 0;
    CHECK(taken < 10);
    CHECK(store.counters().dropped_queue_full == static_cast<uint64_t>(100 - taken));
    script.unblock();
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.got.size() == static_cast<size_t>(taken));
  }

  TEST_CASE("a refusal for good is dropped and counted; the next one arrives") {
    Script script;
    script.refuse = 1;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("a"));
    store.put(make_event("b"));
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().dropped_refused == 1);
    CHECK(script.got == std::vector<std::string>{"b"});
  }

  TEST_CASE("what may be retried is retried") {
    Script script;
    script.refuse = 3;
    script.refusal = QTAP_ERR_AGAIN;
    Store store(std::make_unique<ScriptedSink>(script), quick_retries(), nullptr);
    store.put(make_event("a"));
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().retries == 3);
    CHECK(script.got.size() == 1);
  }

  TEST_CASE("retries end after the last attempt") {
    Script script;
    script.refuse = 1000;
    script.refusal = QTAP_ERR_AGAIN;
    StoreOptions options = quick_retries();
    options.max_attempts = 4;
    Store store(std::make_unique<ScriptedSink>(script), options, nullptr);
    store.put(make_event("a"));
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.entered == 4);
    CHECK(store.counters().dropped_refused == 1);
  }

  TEST_CASE("the outcome of an object is told with its place") {
    Script script;
    std::vector<std::string> told;
    Store store(
        std::make_unique<ScriptedSink>(script), inline_options(),
        [&](const std::string& id, const Ref<Object>& object, const std::string& url,
            const Status& status) {
          told.push_back(id + " " + url + (status.ok() ? " stored" : " " + status.error().text));
          CHECK(url == (status.ok() ? "test:" + object->digest : ""));
        });
    store.put(make_object("a"));
    script.refuse = 1;
    store.put(make_object("b"));
    REQUIRE(told.size() == 2);
    CHECK(told[0].ends_with("stored"));
    CHECK(told[1] == "scripted  refused");
  }

  TEST_CASE("equal bytes are put once and told every time") {
    Script script;
    int told = 0;
    Store store(
        std::make_unique<ScriptedSink>(script), inline_options(),
        [&](const std::string&, const Ref<Object>&, const std::string&, const Status&) { ++told; });
    for (int i = 0; i < 1000; ++i) store.put(make_object("same"));
    CHECK(script.got.size() == 1);
    CHECK(told == 1000);
    CHECK(store.counters().deduplicated == 999);
  }

  TEST_CASE("flush gives up at its deadline and says what waits") {
    Script script;
    script.blocked = true;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    store.put(make_event("b"));
    const Status status = store.flush(1);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_TIMEOUT);
    CHECK(status.error().text == "flush scripted: 2 not stored after 1 ms");
    script.unblock();
  }

  TEST_CASE("flushes that wait for the same are one") {
    Script script;
    script.blocked = true;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    for (int i = 0; i < 100; ++i) store.begin_flush(0);
    const Store::Flush last = store.begin_flush(20'000);
    script.unblock();
    CHECK(store.end_flush(last).ok());
    CHECK(script.flushed == 1);
  }

  TEST_CASE("an error of a flush is told once, by the next that is waited for") {
    Script script;
    script.refuse_flushes = 1;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.begin_flush(20'000);
    store.put(make_event("a"));
    const Status status = store.flush(20'000);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text == "flush: the disk is gone");
    CHECK(store.flush(20'000).ok());
  }

  TEST_CASE("close drops what waits, counts it, and closes the sink once") {
    Script script;
    script.blocked = true;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    for (int i = 0; i < 3; ++i) store.put(make_event("b"));
    std::thread closer([&] { store.close(); });
    script.unblock();
    closer.join();
    store.close();
    CHECK(script.closed == 1);
    CHECK(store.counters().sent + store.counters().dropped() == 4);
    CHECK(store.counters().queue_bytes == 0);
  }

  TEST_CASE("the worker starts when it is told to, or when many wait") {
    Script script;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.kick();  // nothing to do
    store.put(make_event("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    for (int i = 0; i < 300; ++i) store.put(make_event("b"));
    store.kick();
    REQUIRE(script.wait_entered(2));
  }

  TEST_CASE("an object that finds no room is told as well, with what to do") {
    Script script;
    script.blocked = true;
    StoreOptions options;
    options.queue_bytes = 600;
    std::mutex mutex;
    std::vector<std::string> told;
    Store store(
        std::make_unique<ScriptedSink>(script), options,
        [&](const std::string&, const Ref<Object>&, const std::string& url, const Status& status) {
          const std::lock_guard lock(mutex);
          told.push_back(status.ok() ? url : status.error().text);
        });
    const auto object = make_object("first");
    CHECK(store.put(object));
    store.kick();
    REQUIRE(script.wait_entered(1));
    CHECK(store.counters().queue_bytes > 0);  // until it is with the sink
    CHECK_FALSE(store.put(make_object(std::string(600, 'x'))));
    script.unblock();
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().queue_bytes == 0);
    CHECK(told ==
          std::vector<std::string>{"put into scripted: no room in its queue of 600 bytes; raise "
                                   "sink.queue_bytes or use a faster store",
                                   "test:" + object->digest});
  }

  TEST_CASE("the bodies that an object keeps alive count as well") {
    Script script;
    script.blocked = true;
    StoreOptions options;
    options.queue_bytes = 5000;
    Store store(std::make_unique<ScriptedSink>(script), options, nullptr);
    const auto object = make_object("small");
    object->transaction->response.body.assign(10'000, 'x');
    CHECK_FALSE(store.put(object));
    script.unblock();
  }

  TEST_CASE("an object that is still queued at the close is told, and is not with the sink") {
    Script script;
    script.blocked = true;
    std::mutex mutex;
    std::vector<std::string> told;
    Store store(std::make_unique<ScriptedSink>(script), {},
                [&](const std::string&, const Ref<Object>& object, const std::string&,
                    const Status& status) {
                  const std::lock_guard lock(mutex);
                  told.push_back(object->data + (status.ok() ? " stored" : " lost"));
                });
    store.put(make_object("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    store.put(make_object("b"));
    // The flag is set before the sink lets go of "a", so that "b" cannot get through.
    std::thread closer([&] { store.close(); });
    while (store.put(make_event("probe"))) std::this_thread::yield();
    script.unblock();
    closer.join();
    REQUIRE(told.size() == 2);
    CHECK(told[0] == "a stored");
    CHECK(told[1] == "b lost");
    CHECK(script.got == std::vector<std::string>{"a"});
  }

  TEST_CASE("what is put after the close does not reach the sink, and is counted") {
    for (const bool has_worker : {true, false}) {
      CAPTURE(has_worker);
      Script script;
      StoreOptions options;
      options.has_worker = has_worker;
      Store store(std::make_unique<ScriptedSink>(script), options, nullptr);
      store.close();
      CHECK_FALSE(store.put(make_event("late")));
      CHECK(script.got.empty());
      CHECK(store.counters().dropped_at_close == 1);
      CHECK(store.counters().dropped_queue_full == 0);
    }
  }

  TEST_CASE("a close does not wait for retries") {
    Script script;
    script.refuse = 1000;
    script.refusal = QTAP_ERR_AGAIN;
    StoreOptions options;
    options.first_retry_ns = options.max_retry_ns = 3'600'000'000'000;  // an hour
    Store store(std::make_unique<ScriptedSink>(script), options, nullptr);
    store.put(make_event("a"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    store.close();
    CHECK(script.entered == 1);
    CHECK(store.counters().dropped() == 1);
  }

  TEST_CASE(
      "calls of the sink never overlap, whoever puts and flushes, and all that was put is in") {
    Script script;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    constexpr int kThreads = 4;
    constexpr int kEach = 500;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) CHECK(store.put(make_event("x")));
      });
    }
    for (int i = 0; i < 50; ++i) CHECK(store.flush(20'000).ok());
    for (std::thread& thread : threads) thread.join();
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().sent == kThreads * kEach);
    CHECK(script.got.size() == kThreads * kEach);
    CHECK(script.flushed == 51);
    CHECK_FALSE(script.overlapped);
  }

  TEST_CASE("flush waits for what was put before it, not for what comes after") {
    Script script;
    script.blocked = true;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("before"));
    store.kick();
    REQUIRE(script.wait_entered(1));
    std::thread flusher([&] { CHECK(store.flush(20'000).ok()); });
    script.unblock();
    flusher.join();
    CHECK(script.got[0] == "before");
    CHECK(script.flushed == 1);
  }

  TEST_CASE("a digest is remembered for 4096 others, then it is put again") {
    Script script;
    Store store(std::make_unique<ScriptedSink>(script), inline_options(), nullptr);
    store.put(make_object("first"));
    for (int i = 0; i < 4095; ++i) store.put(make_object(std::to_string(i)));
    store.put(make_object("first"));
    CHECK(store.counters().deduplicated == 1);
    store.put(make_object("one more"));
    store.put(make_object("first"));
    CHECK(store.counters().deduplicated == 1);
    CHECK(store.counters().sent == 4099);
  }

  TEST_CASE("a refused object is not remembered as stored") {
    Script script;
    script.refuse = 1;
    Store store(std::make_unique<ScriptedSink>(script), inline_options(), nullptr);
    store.put(make_object("a"));
    store.put(make_object("a"));
    CHECK(script.got.size() == 1);
    CHECK(store.counters().deduplicated == 0);
  }
}
