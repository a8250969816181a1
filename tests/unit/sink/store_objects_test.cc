// SPDX-License-Identifier: Apache-2.0
// Sinks that have several objects on their way at once.
#include <doctest/doctest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sink/store.h"
#include "support/make.h"

using namespace qtap;
using sink::Store;
using sink::StoreOptions;
using test::make_object;

namespace {

// What each call got, and what it answers; lives longer than the store.
struct Script {
  std::function<Status(const std::string& data)> answer = [](const std::string&) {
    return Status();
  };
  std::vector<std::vector<std::string>> calls;
  std::mutex mutex;
  std::condition_variable changed;
  bool blocks = false;
  bool is_inside = false;
};

class ParallelSink final : public sink::Sink {
 public:
  explicit ParallelSink(Script& script) : script_(script) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>& event) override {
    script_.calls.push_back({"event " + event->json});
    return {};
  }
  Status put_object(const Ref<Object>& object) override {
    return put_objects(std::span(&object, 1))[0];
  }
  size_t objects_at_once() const override { return 4; }
  std::vector<Status> put_objects(std::span<const Ref<Object>> objects) override {
    wait();
    std::vector<Status> outcomes;
    script_.calls.emplace_back();
    for (const Ref<Object>& object : objects) {
      script_.calls.back().push_back(object->data);
      outcomes.push_back(script_.answer(object->data));
    }
    return outcomes;
  }
  std::string locate(const Object& object) const override { return "test:" + object.data; }
  Status flush(int) override { return {}; }
  void interrupt() override {
    const std::lock_guard lock(script_.mutex);
    script_.blocks = false;
    script_.changed.notify_all();
  }
  void close() override {}

 private:
  void wait() {
    std::unique_lock lock(script_.mutex);
    script_.is_inside = true;
    script_.changed.notify_all();
    script_.changed.wait(lock, [this] { return !script_.blocks; });
  }

  std::string id_ = "parallel";
  Script& script_;
};

Status down() {
  return Error{QTAP_ERR_AGAIN, "down"};
}

StoreOptions quick() {
  StoreOptions options;
  options.first_retry_ns = options.max_retry_ns = 1000;
  return options;
}

void put_all(Store& store, const std::string& names) {
  for (const char name : names) CHECK(store.put(make_object(std::string(1, name))));
}

// They are in the queue before the worker looks for more: it is busy with the first one, "0".
void put_together(Script& script, Store& store, const std::string& names) {
  {
    const std::lock_guard lock(script.mutex);
    script.blocks = true;
    script.is_inside = false;
  }
  put_all(store, "0");
  store.kick();
  std::unique_lock lock(script.mutex);
  script.changed.wait(lock, [&] { return script.is_inside; });
  lock.unlock();
  put_all(store, names);
  lock.lock();
  script.blocks = false;
  script.changed.notify_all();
}

using Calls = std::vector<std::vector<std::string>>;

}  // namespace

TEST_SUITE("sink/store_objects") {
  TEST_CASE("objects go in groups, in order") {
    Script script;
    Store store(std::make_unique<ParallelSink>(script), quick(), nullptr);
    put_together(script, store, "bcdefg");
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.calls == Calls{{"0"}, {"b", "c", "d", "e"}, {"f", "g"}});
    CHECK(store.counters().sent == 7);
  }

  TEST_CASE("events between objects keep their place") {
    Script script;
    Store store(std::make_unique<ParallelSink>(script), quick(), nullptr);
    put_all(store, "a");
    CHECK(store.put(test::make_event("1")));
    put_all(store, "b");
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.calls == Calls{{"a"}, {"event 1"}, {"b"}});
  }

  TEST_CASE("equal bytes never go side by side, and only once") {
    Script script;
    Store store(std::make_unique<ParallelSink>(script), quick(), nullptr);
    put_together(script, store, "aab");
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.calls == Calls{{"0"}, {"a"}, {"b"}});
    CHECK(store.counters().deduplicated == 1);
  }

  TEST_CASE("of a group each has its own outcome, told once") {
    Script script;
    std::vector<std::string> told;
    script.answer = [&](const std::string& data) -> Status {
      if (data == "b") return Error{QTAP_ERR_INVALID, "no"};
      if (data == "c" && script.calls.size() < 4) return down();
      return {};
    };
    {
      Store store(std::make_unique<ParallelSink>(script), quick(),
                  [&](const std::string&, const Ref<Object>& object, const std::string& url,
                      const Status& status) {
                    told.push_back(object->data + (status.ok() ? " " + url : " refused"));
                  });
      put_together(script, store, "abcd");
      REQUIRE(store.flush(20'000).ok());
      CHECK(store.counters().sent == 4);
      CHECK(store.counters().dropped_refused == 1);
      CHECK(store.counters().retries == 2);
    }
    std::sort(told.begin(), told.end());
    CHECK(told ==
          std::vector<std::string>{"0 test:0", "a test:a", "b refused", "c test:c", "d test:d"});
    CHECK(script.calls == Calls{{"0"}, {"a", "b", "c", "d"}, {"c"}, {"c"}});
  }

  TEST_CASE("while the storage is down one object is tried, and the others lose no attempt") {
    Script script;
    int left = 5;
    script.answer = [&](const std::string& data) -> Status {
      return data != "0" && left-- > 0 ? down() : Status();
    };
    StoreOptions options = quick();
    options.max_attempts = 100;
    Store store(std::make_unique<ParallelSink>(script), options, nullptr);
    put_together(script, store, "abcd");
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.calls == Calls{{"0"}, {"a", "b", "c", "d"}, {"a"}, {"a"}, {"b", "c", "d"}});
    CHECK(store.counters().sent == 5);
  }

  TEST_CASE("an object is given up after its last attempt, and the next one is tried") {
    Script script;
    script.answer = [](const std::string& data) {
      return data == "0" || data == "z" ? Status() : down();
    };
    StoreOptions options = quick();
    options.max_attempts = 3;
    Store store(std::make_unique<ParallelSink>(script), options, nullptr);
    put_together(script, store, "ab");
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().dropped_refused == 2);
    CHECK(script.calls == Calls{{"0"}, {"a", "b"}, {"a"}, {"a"}, {"b"}, {"b"}});
    put_all(store, "z");
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.counters().sent == 2);
  }

  TEST_CASE("a close interrupts a call that waits, and counts what it could not send") {
    Script script;
    script.blocks = true;
    script.answer = [](const std::string&) { return down(); };
    StoreOptions options;
    options.first_retry_ns = options.max_retry_ns = 3'600'000'000'000;  // an hour
    Store store(std::make_unique<ParallelSink>(script), options, nullptr);
    put_all(store, "ab");
    store.kick();
    {
      std::unique_lock lock(script.mutex);
      script.changed.wait(lock, [&] { return script.is_inside; });
    }
    put_all(store, "c");
    store.close();
    CHECK(store.counters().dropped_at_close == 3);
    CHECK(store.counters().dropped_refused == 0);
    CHECK(store.counters().queue_bytes == 0);
  }
}
