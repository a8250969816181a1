// SPDX-License-Identifier: Apache-2.0
// Events that wait for each other, and what a full queue drops.
#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "sink/store.h"
#include "support/make.h"

using namespace qtap;
using sink::Store;
using sink::StoreOptions;
using test::make_event;

namespace {

constexpr int kLongMs = 60'000;
constexpr int64_t kLongNs = kLongMs * INT64_C(1'000'000);

// What each call got, and what it answers; lives longer than the store.
struct Script {
  std::function<Status(const std::string& json)> answer = [](const std::string&) {
    return Status();
  };
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::vector<std::string> calls;
  bool blocks = false;
  bool is_inside = false;

  // Whether that many calls came in time.
  bool wait_for_calls(size_t count, std::chrono::milliseconds time = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, time, [&] { return calls.size() >= count; });
  }
  void wait_until_inside() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return is_inside; });
  }
  void release() {
    const std::lock_guard lock(mutex);
    blocks = false;
    changed.notify_all();
  }
};

class BatchSink final : public sink::Sink {
 public:
  explicit BatchSink(Script& script, bool waits = true) : script_(script), waits_(waits) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return false; }
  bool waits_for_batches() const override { return waits_; }
  Status put_event(const Ref<Event>& event) override {
    return put_batch(std::span(&event, 1)).front();
  }
  std::vector<Status> put_batch(std::span<const Ref<Event>> events) override {
    std::unique_lock lock(script_.mutex);
    script_.is_inside = true;
    script_.changed.notify_all();
    script_.changed.wait(lock, [this] { return !script_.blocks; });
    std::string call;
    std::vector<Status> outcomes;
    for (const Ref<Event>& event : events) {
      call += event->json;
      outcomes.push_back(script_.answer(event->json));
    }
    script_.calls.push_back(call);
    script_.changed.notify_all();
    return outcomes;
  }
  Status put_object(const Ref<Object>&) override { return {}; }
  std::string locate(const Object&) const override { return ""; }
  Status flush(int) override { return {}; }
  void interrupt() override { script_.release(); }
  void close() override {}

 private:
  std::string id_ = "batches";
  Script& script_;
  bool waits_;
};

StoreOptions quick() {
  StoreOptions options;
  options.first_retry_ns = options.max_retry_ns = 1000;
  options.batch_events = 3;
  options.batch_wait_ns = kLongNs;
  return options;
}

void put_all(Store& store, const std::string& names) {
  for (const char name : names) CHECK(store.put(make_event(std::string(1, name))));
  store.kick();
}

}  // namespace

TEST_SUITE("sink/store_batch") {
  TEST_CASE("events go together as soon as they are enough") {
    Script script;
    Store store(std::make_unique<BatchSink>(script), quick(), nullptr);
    put_all(store, "ab");
    CHECK_FALSE(script.wait_for_calls(1, std::chrono::milliseconds(20)));
    put_all(store, "c");
    CHECK(script.wait_for_calls(1));
    put_all(store, "defgh");
    CHECK(script.wait_for_calls(2));
    CHECK(store.flush(kLongMs).ok());
    CHECK(script.calls == std::vector<std::string>{"abc", "def", "gh"});
    CHECK(store.counters().sent == 8);
  }

  TEST_CASE("or when the first has waited long enough") {
    Script script;
    StoreOptions options = quick();
    options.batch_wait_ns = 1'000'000;
    Store store(std::make_unique<BatchSink>(script), options, nullptr);
    put_all(store, "a");
    CHECK(script.wait_for_calls(1));
    CHECK(script.calls == std::vector<std::string>{"a"});
  }

  TEST_CASE("or when the queue is half full") {
    Script script;
    StoreOptions options = quick();
    options.batch_events = 1000;
    options.queue_bytes = 1024;
    Store store(std::make_unique<BatchSink>(script), options, nullptr);
    put_all(store, "abc");
    CHECK(script.wait_for_calls(1));  // long before the time is over
  }

  TEST_CASE("a batch that is tried again is the same without those that were taken or refused") {
    Script script;
    int calls_for_b = 0;
    script.answer = [&](const std::string& json) -> Status {
      if (json == "x") return Error{QTAP_ERR_IO, "never"};
      if (json != "b" || ++calls_for_b >= 3) return {};
      return Error{QTAP_ERR_AGAIN, "later"};
    };
    StoreOptions options = quick();
    options.batch_events = 4;
    Store store(std::make_unique<BatchSink>(script), options, nullptr);
    put_all(store, "abxb");
    CHECK(store.flush(kLongMs).ok());
    REQUIRE(script.calls.size() >= 2);
    CHECK(script.calls[0] == "abxb");
    CHECK(script.calls[1] == "bb");
    CHECK(store.counters().sent == 3);
    CHECK(store.counters().dropped_refused == 1);
  }

  TEST_CASE("while the store is down the whole batch is tried, and given up together") {
    Script script;
    script.answer = [](const std::string&) -> Status { return Error{QTAP_ERR_AGAIN, "down"}; };
    StoreOptions options = quick();
    options.max_attempts = 3;
    std::vector<std::string> refused;
    Store store(std::make_unique<BatchSink>(script), options, nullptr,
                [&](const std::string&, const Error& why) { refused.push_back(why.text); });
    put_all(store, "abc");
    CHECK(store.flush(kLongMs).ok());
    CHECK(script.calls == std::vector<std::string>{"abc", "abc", "abc"});
    CHECK(store.counters().retries == 6);
    CHECK(store.counters().dropped_refused == 3);
    CHECK(refused == std::vector<std::string>{"down", "down", "down"});
  }

  TEST_CASE("what waits for others at a close is dropped and counted") {
    Script script;
    Store store(std::make_unique<BatchSink>(script), quick(), nullptr);
    put_all(store, "ab");
    store.close();
    CHECK(script.calls.empty());
    CHECK(store.counters().dropped_at_close == 2);
  }

  TEST_CASE("drop_oldest gives room by what has waited longest") {
    Script script;
    script.blocks = true;
    StoreOptions options = quick();
    options.drops_oldest = true;
    options.queue_bytes = 4 * 257;  // events of one byte
    std::vector<std::string> refused;
    Store store(std::make_unique<BatchSink>(script, false), options, nullptr,
                [&](const std::string&, const Error& why) { refused.push_back(why.text); });
    put_all(store, "a");
    script.wait_until_inside();  // "a" is with the sink and stays in the count
    put_all(store, "bcdefg");
    CHECK(store.counters().dropped_queue_full == 3);
    REQUIRE(refused.size() == 3);
    CHECK(refused[0].find("no room in its queue of 1028 bytes") != std::string::npos);
    script.release();
    CHECK(store.flush(kLongMs).ok());
    CHECK(script.calls == std::vector<std::string>{"a", "e", "f", "g"});
    CHECK(store.counters().sent == 4);
    CHECK(store.counters().queue_bytes == 0);
  }

  TEST_CASE("drop_oldest does not lose a flush, and something larger than the queue goes itself") {
    Script script;
    script.blocks = true;
    StoreOptions options = quick();
    options.drops_oldest = true;
    options.queue_bytes = 3 * 257;
    Store store(std::make_unique<BatchSink>(script, false), options, nullptr);
    put_all(store, "a");
    script.wait_until_inside();
    const Store::Flush flush = store.begin_flush(kLongMs);
    CHECK_FALSE(store.put(make_event(std::string(1000, 'x'))));
    put_all(store, "bcd");
    script.release();
    CHECK(store.end_flush(flush).ok());
    CHECK(store.flush(kLongMs).ok());
    CHECK(script.calls == std::vector<std::string>{"a", "c", "d"});
    CHECK(store.counters().dropped_queue_full == 2);
  }
}
