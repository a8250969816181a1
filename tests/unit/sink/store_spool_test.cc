// SPDX-License-Identifier: Apache-2.0
// Stores whose storage is down, with a spool: nothing is lost, whatever ends in between.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "sink/store.h"
#include "support/file_size_limit.h"
#include "support/make.h"

using namespace qtap;
using sink::Spool;
using sink::Store;
using sink::StoreOptions;
using test::make_event;
using test::make_object;

namespace fs = std::filesystem;

namespace {

constexpr int kLongMs = 60'000;
constexpr uint64_t kRoom = 64u << 20;

// A storage that is up or down, or whose calls hang; lives longer than the stores.
class Storage {
 public:
  void set_up(bool up) {
    const std::lock_guard lock(mutex_);
    up_ = up;
    changed_.notify_all();
  }
  void set_hanging(bool hanging) {
    const std::lock_guard lock(mutex_);
    hangs_ = hanging;
    changed_.notify_all();
  }
  void never_takes(const std::string& data) { never_.insert(data); }

  Status take(const std::string& data) {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hangs_; });
    if (!up_ || never_.contains(data)) return Error{QTAP_ERR_AGAIN, "down"};
    ++taken_[data];
    changed_.notify_all();
    return {};
  }

  bool wait_for_calls(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return calls_ >= count; });
  }
  bool wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return taken_.size() >= count; });
  }
  std::map<std::string, int> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool up_ = true;
  bool hangs_ = false;
  size_t calls_ = 0;
  std::set<std::string> never_;
  std::map<std::string, int> taken_;
};

class RemoteSink final : public sink::Sink {
 public:
  explicit RemoteSink(Storage& storage, bool batches = false)
      : storage_(storage), batches_(batches) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return true; }
  bool waits_for_batches() const override { return batches_; }
  size_t objects_at_once() const override { return 4; }
  Status put_event(const Ref<Event>& event) override { return storage_.take(event->json); }
  Status put_object(const Ref<Object>& object) override { return storage_.take(object->data); }
  std::string locate(const Object& object) const override { return "at:" + object.data; }
  Status flush(int) override { return {}; }
  void interrupt() override { storage_.set_hanging(false); }
  void close() override {}

 private:
  std::string id_ = "remote";
  Storage& storage_;
  bool batches_;
};

// A directory and what is needed for a store over it.
class Bench {
 public:
  Bench() {
    std::string name = (fs::temp_directory_path() / "qtap-store-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()));
    dir_ = name;
    options.first_retry_ns = 1000;
    options.max_retry_ns = 1'000'000;
    options.max_attempts = 3;
    options.batch_events = 4;
    options.batch_wait_ns = 1'000'000;
  }
  ~Bench() { fs::remove_all(dir_); }

  std::unique_ptr<Store> store(bool batches = false, uint64_t room = kRoom) {
    auto spool = Spool::open(dir_ + "/spool", room);
    REQUIRE(spool.ok());
    return std::make_unique<Store>(
        std::make_unique<RemoteSink>(storage, batches), options,
        [this](const std::string&, const Ref<Object>& object, const std::string& url,
               const Status& status) {
          const std::lock_guard lock(mutex_);
          told_.push_back(object->data + (status.ok() ? " " + url : " refused"));
        },
        [this](const std::string&, const Error& why) {
          const std::lock_guard lock(mutex_);
          refused_.push_back(message_of(why));
        },
        nullptr, nullptr, *std::move(spool));
  }
  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  std::vector<std::string> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  StoreOptions options;
  Storage storage;

 private:
  std::string dir_;
  std::mutex mutex_;
  std::vector<std::string> told_;
  std::vector<std::string> refused_;
};

void put_objects(Store& store, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    CHECK(store.put(make_object("object " + std::to_string(i))));
  }
  store.kick();
}

bool all_once(const std::map<std::string, int>& taken) {
  return std::all_of(taken.begin(), taken.end(), [](const auto& one) { return one.second == 1; });
}

}  // namespace

TEST_SUITE("sink/store_spool") {
  TEST_CASE("while the storage is up nothing goes to the disk") {
    Bench bench;
    auto store = bench.store();
    put_objects(*store, 0, 20);
    CHECK(store->flush(kLongMs).ok());
    CHECK(store->counters().sent == 20);
    CHECK(store->spool()->counters().written == 0);
  }

  TEST_CASE("an outage longer than all attempts loses nothing") {
    Bench bench;
    bench.storage.set_up(false);
    auto store = bench.store();
    put_objects(*store, 0, 50);
    CHECK(bench.storage.wait_for_calls(40));  // the spool is tried, longer than max_attempts
    const Status late = store->flush(1);
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().status == QTAP_ERR_TIMEOUT);
    CHECK(bench.told().empty());
    bench.storage.set_up(true);
    CHECK(store->flush(kLongMs).ok());
    CHECK(store->counters().sent == 50);
    CHECK(store->counters().dropped() == 0);
    CHECK(bench.storage.taken().size() == 50);
    CHECK(all_once(bench.storage.taken()));
    CHECK(bench.told().size() == 50);
    CHECK(bench.told()[0].find(" at:object ") != std::string::npos);
    CHECK(store->spool()->is_empty());
  }

  TEST_CASE("batches of events too") {
    Bench bench;
    bench.storage.set_up(false);
    auto store = bench.store(true);
    for (int i = 0; i < 50; ++i) CHECK(store->put(make_event("event " + std::to_string(i))));
    store->kick();
    CHECK(bench.storage.wait_for_calls(40));
    bench.storage.set_up(true);
    CHECK(store->flush(kLongMs).ok());
    CHECK(store->counters().sent == 50);
    CHECK(all_once(bench.storage.taken()));
    CHECK(bench.storage.taken().size() == 50);
  }

  TEST_CASE("what waits at a close is sent by the next process") {
    Bench bench;
    bench.storage.set_up(false);
    {
      auto store = bench.store();
      put_objects(*store, 0, 30);
      CHECK(bench.storage.wait_for_calls(2));
      put_objects(*store, 30, 10);
      store->close();
      CHECK(store->counters().dropped() == 0);
      CHECK(store->spool()->counters().waiting == 40);
      CHECK(bench.told().empty());
    }
    bench.storage.set_up(true);
    auto store = bench.store();
    CHECK(bench.storage.taken().empty());  // until who is told is ready
    store->begin();
    CHECK(bench.storage.wait_for(40));
    CHECK(store->flush(kLongMs).ok());
    CHECK(all_once(bench.storage.taken()));
    CHECK(bench.told().size() == 40);
  }

  TEST_CASE("a call that hangs does not fill the queue") {
    Bench bench;
    bench.storage.set_hanging(true);
    bench.options.queue_bytes = 20'000;
    auto store = bench.store();
    put_objects(*store, 0, 1);
    CHECK(bench.storage.wait_for_calls(1));
    // A third of the room each: the other thread makes place meanwhile.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (int i = 0; i < 20; ++i) {
      while (store->counters().queue_bytes > 10'000) {
        REQUIRE(std::chrono::steady_clock::now() < give_up);
        std::this_thread::yield();
      }
      CHECK(store->put(make_event(std::string(6000, static_cast<char>('a' + i)))));
      store->kick();
    }
    bench.storage.set_hanging(false);
    CHECK(store->flush(kLongMs).ok());
    CHECK(store->counters().dropped() == 0);
    CHECK(store->counters().sent == 21);
    CHECK(store->spool()->counters().written > 0);
  }

  TEST_CASE("what fails while others succeed is given up after its attempts") {
    Bench bench;
    bench.storage.set_up(false);
    bench.storage.never_takes("object 3");
    auto store = bench.store();
    put_objects(*store, 0, 10);
    CHECK(bench.storage.wait_for_calls(5));
    bench.storage.set_up(true);
    CHECK(bench.storage.wait_for(9));
    // Alone it looks like an outage, so others must come.
    for (int i = 10; !store->spool()->is_empty() && i < 2000; ++i) {
      put_objects(*store, i, 1);
      bench.storage.wait_for(static_cast<size_t>(i));
    }
    CHECK(store->spool()->is_empty());
    CHECK(store->flush(kLongMs).ok());
    CHECK(store->counters().dropped_refused == 1);
    CHECK(bench.refused() == std::vector<std::string>{"down"});
    CHECK(all_once(bench.storage.taken()));
  }

  TEST_CASE("a batch that the storage never takes is given up while others are taken") {
    Bench bench;
    bench.options.batch_events = 1;
    bench.storage.never_takes("never");
    auto store = bench.store(true);
    CHECK(store->put(make_event("never")));
    store->kick();
    CHECK(bench.storage.wait_for_calls(3));
    for (int i = 0; store->counters().dropped_refused == 0 && i < 2000; ++i) {
      CHECK(store->put(make_event("event " + std::to_string(i))));
      store->kick();
      bench.storage.wait_for(static_cast<size_t>(i) + 1);
    }
    CHECK(store->counters().dropped_refused == 1);
    CHECK(store->flush(kLongMs).ok());
    CHECK(all_once(bench.storage.taken()));
  }

  TEST_CASE("equal objects in the spool are sent once") {
    Bench bench;
    bench.storage.set_up(false);
    auto store = bench.store();
    for (int i = 0; i < 20; ++i) CHECK(store->put(make_object("same")));
    store->kick();
    CHECK(bench.storage.wait_for_calls(5));
    bench.storage.set_up(true);
    CHECK(store->flush(kLongMs).ok());
    CHECK(bench.storage.taken() == std::map<std::string, int>{{"same", 1}});
    CHECK(store->counters().sent == 20);
    CHECK(bench.told().size() == 20);
  }

  TEST_CASE("while the disk refuses, the queue bridges the outage") {
    Bench bench;
    bench.storage.set_up(false);
    bench.options.max_attempts = 1'000'000;
    auto store = bench.store();
    {
      const test::FileSizeLimit limit(0);
      put_objects(*store, 0, 50);
      CHECK(bench.storage.wait_for_calls(20));
      CHECK(store->counters().dropped() == 0);
      CHECK(store->spool()->counters().written == 0);
      bench.storage.set_up(true);
      CHECK(store->flush(kLongMs).ok());
    }
    CHECK(store->counters().sent == 50);
    CHECK(store->counters().dropped() == 0);
    CHECK(all_once(bench.storage.taken()));
  }

  TEST_CASE("a spool that is full drops the oldest, says so, and adds up") {
    Bench bench;
    bench.storage.set_up(false);
    auto store = bench.store(false, 1u << 20);
    for (int i = 0; i < 40; ++i) {
      CHECK(store->put(make_event(std::string(100'000, static_cast<char>('0' + i)))));
    }
    store->kick();
    bench.storage.wait_for_calls(10);
    store->close();
    const auto& spool = store->spool()->counters();
    CHECK(spool.dropped_full > 20);
    CHECK(spool.waiting + spool.dropped_full + store->counters().dropped() == 40);
    REQUIRE_FALSE(bench.refused().empty());
    CHECK(bench.refused()[0].find("; the oldest are dropped") != std::string::npos);
  }
}
