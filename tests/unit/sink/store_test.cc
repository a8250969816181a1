// SPDX-License-Identifier: Apache-2.0
#include "sink/store.h"

#include <doctest/doctest.h>

#include <chrono>
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
  Status flush(int) override { return {}; }
  void close() override { ++script_.closed; }

 private:
  Status put(const std::string& text) {
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
    REQUIRE(script.wait_entered(1));
    store.put(make_event("b"));
    const Status status = store.flush(1);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_TIMEOUT);
    CHECK(status.error().text == "flush scripted: 1 still queued after 1 ms");
    script.unblock();
  }

  TEST_CASE("close drops what waits, counts it, and closes the sink once") {
    Script script;
    script.blocked = true;
    Store store(std::make_unique<ScriptedSink>(script), {}, nullptr);
    store.put(make_event("a"));
    REQUIRE(script.wait_entered(1));
    for (int i = 0; i < 3; ++i) store.put(make_event("b"));
    std::thread closer([&] { store.close(); });
    script.unblock();
    closer.join();
    store.close();
    CHECK(script.closed == 1);
    CHECK(store.counters().sent + store.counters().dropped() == 4);
  }
}
