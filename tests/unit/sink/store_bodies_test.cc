// SPDX-License-Identifier: Apache-2.0
// Chunks of bodies in a store: their bound, and what a sink is told of those that did not come.
#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "sink/store.h"
#include "support/make.h"

using namespace qtap;
using sink::Store;
using sink::StoreOptions;

namespace {

struct Got {
  std::string transaction;
  uint64_t offset = 0;
  uint64_t missing = 0;
  size_t len = 0;
  bool first = false;
  bool last = false;
  bool truncated = false;
};

struct Script {
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false;
  int refuse = 0;
  std::vector<Got> got;

  void set_blocked(bool is_blocked) {
    {
      const std::lock_guard lock(mutex);
      blocked = is_blocked;
    }
    changed.notify_all();
  }
};

class BodySink final : public sink::Sink {
 public:
  explicit BodySink(Script& script) : script_(script) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return false; }
  bool takes_bodies() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>&) override { return {}; }
  Status put_body(const sink::BodyPart& part) override {
    std::unique_lock lock(script_.mutex);
    script_.changed.wait(lock, [this] { return !script_.blocked; });
    if (script_.refuse > 0) {
      --script_.refuse;
      return Error{QTAP_ERR_IO, "refused"};
    }
    const BodyChunk& chunk = part.chunk;
    script_.got.push_back({chunk.transaction_id, chunk.offset, part.missing, chunk.data.size(),
                           part.first, chunk.last, part.truncated});
    return {};
  }
  std::string locate(const Object&) const override { return {}; }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  Script& script_;
  std::string id_ = "bodies";
};

Ref<BodyChunk> chunk(uint64_t offset, size_t len, const std::string& transaction = "a") {
  auto made = Ref<BodyChunk>::make();
  made->transaction_id = transaction;
  made->offset = offset;
  made->data.assign(len, 'x');
  return made;
}

Ref<BodyChunk> end(uint64_t length, bool complete = true, const std::string& transaction = "a") {
  auto made = chunk(length, 0, transaction);
  made->last = true;
  made->complete = complete;
  made->length_known = true;
  return made;
}

constexpr uint64_t kChunk = 1000;

// Room for four chunks, with what each holds beside its bytes; nobody is waited for, unless the
// test says so.
StoreOptions small(int64_t wait_ns = 0) {
  StoreOptions options;
  options.body_bytes = 4 * (kChunk + 256);
  options.max_body_wait_ns = wait_ns;
  return options;
}

int64_t ms_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin)
      .count();
}

}  // namespace

TEST_SUITE("sink/store_bodies") {
  TEST_CASE("chunks come in order, the first and the last are marked, bodies may mix") {
    Script script;
    StoreOptions options;
    options.has_worker = false;
    Store store(std::make_unique<BodySink>(script), options, nullptr);
    for (const char* name : {"a", "b"}) CHECK(store.put(chunk(0, 10, name)));
    for (const char* name : {"a", "b"}) CHECK(store.put(chunk(10, 5, name)));
    for (const char* name : {"a", "b"}) CHECK(store.put(end(15, true, name)));
    REQUIRE(script.got.size() == 6);
    for (size_t i = 0; i < 6; ++i) {
      CHECK(script.got[i].first == (i < 2));
      CHECK(script.got[i].last == (i >= 4));
      CHECK(script.got[i].missing == 0);
      CHECK_FALSE(script.got[i].truncated);
    }
    CHECK(store.counters().sent == 6);
  }

  TEST_CASE("a sink that stands still holds no more than the bound, and is told what is missing") {
    Script script;
    script.set_blocked(true);
    Store store(std::make_unique<BodySink>(script), small(), nullptr);
    int taken = 0;
    for (uint64_t i = 0; i < 100; ++i) taken += store.put(chunk(i * kChunk, kChunk)) ? 1 : 0;
    CHECK(taken == 4);
    CHECK(store.counters().queue_bytes < 8 * kChunk);
    CHECK(store.counters().dropped_queue_full == 96);
    CHECK(store.put(end(100 * kChunk)));  // always
    script.set_blocked(false);
    REQUIRE(store.flush(20'000).ok());
    REQUIRE(script.got.size() == 5);
    CHECK(script.got[4].last);
    CHECK(script.got[4].truncated);
    CHECK(script.got[4].missing == 96 * kChunk);
  }

  TEST_CASE("many small bodies hold no more than the bound, and each that came ends") {
    Script script;
    script.set_blocked(true);
    Store store(std::make_unique<BodySink>(script), small(), nullptr);
    for (int i = 0; i < 1000; ++i) {
      store.put(chunk(0, 1, std::to_string(i)));
      store.put(end(1, true, std::to_string(i)));
    }
    CHECK(store.counters().queue_bytes < 12 * kChunk);
    script.set_blocked(false);
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.got.size() >= 4);
    CHECK(script.got.size() < 40);
    std::map<std::string, std::pair<int, int>> bodies;
    for (const Got& got : script.got) {
      bodies[got.transaction].first += got.first ? 1 : 0;
      bodies[got.transaction].second += got.last ? 1 : 0;
    }
    for (const auto& [name, marks] : bodies) CHECK(marks == std::pair(1, 1));
    CHECK(store.counters().sent + store.counters().dropped() == 2000);
  }

  TEST_CASE("one chunk larger than the bound passes by itself") {
    Script script;
    Store store(std::make_unique<BodySink>(script), small(), nullptr);
    CHECK(store.put(chunk(0, 10 * kChunk)));
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.got.size() == 1);
  }

  TEST_CASE("what the sink refuses is missing in the next chunk") {
    Script script;
    script.refuse = 1;
    StoreOptions options;
    options.has_worker = false;
    Store store(std::make_unique<BodySink>(script), options, nullptr);
    CHECK_FALSE(store.put(chunk(0, 10)));
    CHECK(store.put(chunk(10, 10)));
    CHECK(store.put(end(20)));
    REQUIRE(script.got.size() == 2);
    CHECK(script.got[0].first);
    CHECK(script.got[0].missing == 10);
    CHECK(script.got[1].missing == 0);
    CHECK(script.got[1].truncated);
    CHECK(store.counters().dropped_refused == 1);
  }

  TEST_CASE("a sink that is slower is waited for, and gets everything") {
    Script script;
    Store store(std::make_unique<BodySink>(script), small(20'000'000'000), nullptr);
    for (uint64_t i = 0; i < 2000; ++i) REQUIRE(store.put(chunk(i * kChunk, kChunk)));
    CHECK(store.put(end(2000 * kChunk)));
    REQUIRE(store.flush(20'000).ok());
    REQUIRE(script.got.size() == 2001);
    CHECK_FALSE(script.got.back().truncated);
    CHECK(store.counters().dropped() == 0);
  }

  TEST_CASE("nobody waits when the source has no room, nor twice for a sink that hangs") {
    Script script;
    script.set_blocked(true);
    bool can_wait = false;
    Store store(std::make_unique<BodySink>(script), small(300'000'000), nullptr, nullptr,
                [&] { return can_wait; });
    for (uint64_t i = 0; i < 4; ++i) CHECK(store.put(chunk(i * kChunk, kChunk)));
    auto begin = std::chrono::steady_clock::now();
    CHECK_FALSE(store.put(chunk(4 * kChunk, kChunk)));
    CHECK(ms_since(begin) < 250);
    can_wait = true;
    begin = std::chrono::steady_clock::now();
    CHECK_FALSE(store.put(chunk(5 * kChunk, kChunk)));
    CHECK(ms_since(begin) >= 300);
    begin = std::chrono::steady_clock::now();
    for (uint64_t i = 6; i < 100; ++i) CHECK_FALSE(store.put(chunk(i * kChunk, kChunk)));
    CHECK(ms_since(begin) < 250);
    script.set_blocked(false);
    REQUIRE(store.flush(20'000).ok());
    CHECK(store.put(chunk(100 * kChunk, kChunk)));  // it moves again
    REQUIRE(store.flush(20'000).ok());
    CHECK(script.got.back().missing == 96 * kChunk);
  }

  TEST_CASE("events do not wait for bodies, and find room beside them") {
    Script script;
    script.set_blocked(true);
    Store store(std::make_unique<BodySink>(script), small(), nullptr);
    for (uint64_t i = 0; i < 100; ++i) store.put(chunk(i * kChunk, kChunk));
    CHECK(store.put(test::make_event("{}")));
    script.set_blocked(false);
    CHECK(store.flush(20'000).ok());
  }
}
