// SPDX-License-Identifier: Apache-2.0
#include "session/outlet.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/make.h"

using namespace qtap;
using session::Host;
using session::Outlet;
using test::make_event;
using test::make_object;

namespace {

// What a test sink does, seen from outside: lives longer than the outlet.
struct Script {
  bool events = false;
  bool objects = false;
  bool is_remote = false;
  DigestKind digest = DigestKind::kSha256;
  bool has_record = true;
  std::string record_store = {};
  Status put = {};  // what put_object says
  Status flush = {};
  Script* waits_for = nullptr;                 // takes no object before that one was flushed once
  std::vector<std::string>* closed = nullptr;  // gets the id
  std::promise<void>* first_event = nullptr;   // kept when the first event came
  std::shared_future<void> gate = {};          // takes no object before
  std::vector<std::string> got = {};
  std::vector<std::string> flushed = {};  // what it had got when it was flushed last
  int flush_ms = -1;                      // the time that it was given for that
  std::promise<void> first_flush = {};
  bool was_flushed = false;

  void note_flush(int timeout_ms) {
    flushed = got;
    flush_ms = timeout_ms;
    if (!was_flushed) first_flush.set_value();
    was_flushed = true;
  }
  void wait_flushed() { first_flush.get_future().wait_for(std::chrono::seconds(20)); }
};

class ScriptedSink final : public sink::Sink {
 public:
  ScriptedSink(std::string id, Script& script) : script_(script), id_(std::move(id)) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return script_.events; }
  bool takes_objects() const override { return script_.objects; }
  Status put_event(const Ref<Event>& event) override {
    script_.got.push_back(event->json);
    if (script_.first_event) std::exchange(script_.first_event, nullptr)->set_value();
    return {};
  }
  Status put_object(const Ref<Object>& object) override {
    if (script_.waits_for) script_.waits_for->wait_flushed();
    if (script_.gate.valid()) script_.gate.wait_for(std::chrono::seconds(20));
    script_.got.push_back(object->data);
    return script_.put;
  }
  std::string locate(const Object& object) const override { return id_ + ":" + object.digest; }
  const std::string& digest_of(const Object& object) const override {
    return qtap::digest_of(object, script_.digest);
  }
  std::string uploaded_to(const Object& object) const override {
    return script_.is_remote ? "test://" + digest_of(object) : "";
  }
  Status flush(int timeout_ms) override {
    script_.note_flush(timeout_ms);
    return script_.flush;
  }
  void close() override {
    if (script_.closed) script_.closed->push_back(id_);
  }

 private:
  Script& script_;
  std::string id_;
};

// An outlet over scripted sinks.
class Bench {
 public:
  explicit Bench(const std::vector<Script*>& scripts, const sink::StoreOptions& options = {}) {
    std::vector<sink::StorePlan> plans;
    for (Script* script : scripts) {
      const std::string id = "sink-" + std::to_string(plans.size());
      plans.push_back({.sink = std::make_unique<ScriptedSink>(id, *script),
                       .options = options,
                       .has_record = script->has_record,
                       .record_store = script->record_store});
    }
    REQUIRE(outlet_.add_sinks(std::move(plans)).ok());
    outlet_.open();
  }
  Outlet& outlet() { return outlet_; }

  std::vector<std::string> told;  // by the one worker that uploads

 private:
  Host host_;
  Outlet outlet_{host_, [] {}, [](const std::string&) {}, STDOUT_FILENO,
                 [this](const std::string& line) { told.push_back(line); }};
};

constexpr int kLongEnoughMs = 20'000;

size_t artifacts_in(const std::vector<std::string>& texts) {
  size_t count = 0;
  for (const std::string& text : texts) count += text.find("artifact_record") != text.npos;
  return count;
}

}  // namespace

TEST_SUITE("session/outlet") {
  TEST_CASE("an object that no store took has no reference") {
    const auto object = make_object("bytes");
    Script refuses = {.objects = true, .put = Error{QTAP_ERR_IO, "put: the disk is gone"}};
    Script takes = {.objects = true};
    Script events = {.events = true};
    const sink::StoreOptions is_inline = {.has_worker = false};
    const sink::StoreOptions no_room = {.queue_bytes = 1};
    CHECK_FALSE(Bench({}).outlet().emit_object(object));
    CHECK_FALSE(Bench({&events}).outlet().emit_object(object));
    CHECK_FALSE(Bench({&refuses}, is_inline).outlet().emit_object(object));
    CHECK_FALSE(Bench({&takes}, no_room).outlet().emit_object(object));
    // The place is that of the first one that took it.
    const std::string url = "sink-1:" + object->digest;
    CHECK(Bench({&refuses, &takes}, is_inline).outlet().emit_object(object)->url == url);
    CHECK(Bench({&events, &takes}).outlet().emit_object(object)->url == url);
  }

  TEST_CASE("a record tells the digest of its store, and goes where that says") {
    for (const bool has_worker : {true, false}) {
      const auto object = make_object("bytes");
      Script named = {.objects = true, .digest = DigestKind::kSha1, .record_store = "sink-3"};
      Script silent = {.objects = true, .has_record = false};
      Script other = {.events = true};
      Script chosen = {.events = true};
      Bench bench({&named, &silent, &other, &chosen}, {.has_worker = has_worker});
      const auto stored = bench.outlet().emit_object(object);
      REQUIRE(stored);
      CHECK(stored->digest == sha1_hex("bytes"));
      CHECK(bench.outlet().flush(kLongEnoughMs).ok());
      CHECK(other.got.empty());
      REQUIRE(artifacts_in(chosen.got) == 1);
      CHECK(chosen.got[0].find("\"digest\":\"" + stored->digest + "\"") != std::string::npos);
    }
  }

  TEST_CASE("what was uploaded over a network is told") {
    Script objects = {.objects = true, .is_remote = true};
    Script local = {.objects = true};
    Bench bench({&objects, &local});
    for (int i = 0; i < 12; ++i) bench.outlet().emit_object(make_object(std::to_string(i)));
    CHECK(bench.outlet().flush(kLongEnoughMs).ok());
    REQUIRE_FALSE(bench.told.empty());
    CHECK(bench.told[0] == "Uploaded payload to test://" + sha256_hex("0"));
    CHECK(bench.told.size() >= 11);  // ten, and how many more: more lines when it took a second
  }

  TEST_CASE("a store whose flush fails costs the others neither theirs nor their events") {
    Script broken = {.objects = true, .flush = Error{QTAP_ERR_IO, "flush: the disk is gone"}};
    Script objects = {.objects = true};
    Script events = {.events = true, .flush = Error{QTAP_ERR_IO, "flush: later"}};
    Bench bench({&broken, &objects, &events});
    bench.outlet().emit_object(make_object("bytes"));

    const Status status = bench.outlet().flush(kLongEnoughMs);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().text == "flush: the disk is gone");
    CHECK(objects.flushed == std::vector<std::string>{"bytes"});
    CHECK(artifacts_in(events.flushed) == 2);
  }

  TEST_CASE("a store of events and objects has every artifact_record after a flush") {
    Script both = {.events = true, .objects = true};
    // Makes its artifact_record when the other one was flushed already.
    Script objects = {.objects = true, .waits_for = &both};
    Bench bench({&both, &objects});
    bench.outlet().emit_object(make_object("bytes"));

    CHECK(bench.outlet().flush(kLongEnoughMs).ok());
    CHECK(artifacts_in(both.flushed) == 2);
  }

  TEST_CASE("an artifact_record reaches its store while the session sleeps") {
    std::promise<void> came;
    std::promise<void> asleep;
    Script objects = {.objects = true, .gate = asleep.get_future().share()};
    Script events = {.events = true, .first_event = &came};
    Bench bench({&objects, &events});
    bench.outlet().emit_object(make_object("bytes"));
    bench.outlet().kick();  // the last that the session does
    asleep.set_value();
    CHECK(came.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    CHECK(bench.outlet().flush(kLongEnoughMs).ok());
    CHECK(artifacts_in(events.got) == 1);
  }

  TEST_CASE("a store that is stuck does not keep the others from their flush") {
    Script other = {};
    Script stuck = {.objects = true, .waits_for = &other};  // until that one was flushed
    SUBCASE("another store of objects") {
      other.objects = true;
    }
    SUBCASE("a store of events") {
      other.events = true;
    }
    Bench bench({&stuck, &other});
    bench.outlet().emit_object(make_object("bytes"));
    CHECK(bench.outlet().flush(kLongEnoughMs).ok());
    CHECK(other.was_flushed);
    CHECK(stuck.flushed == std::vector<std::string>{"bytes"});
  }

  TEST_CASE("without workers every store has its share of the time") {
    Script objects = {.objects = true};
    Script events = {.events = true};
    Script last = {.events = true};
    Bench bench({&objects, &events, &last}, {.has_worker = false});
    CHECK(bench.outlet().flush(30'000).ok());
    for (const auto& [script, longest] :
         {std::pair(&objects, 10'000), std::pair(&events, 15'000), std::pair(&last, 30'000)}) {
      CHECK(script->flush_ms <= longest);
      CHECK(script->flush_ms > longest - 5'000);
    }
  }

  TEST_CASE("a standard output that is gone is told once, counted and an error of flush") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    std::vector<std::string> lines;
    Host host;
    Outlet outlet(
        host, [] {}, [&](const std::string& line) { lines.push_back(line); }, full);
    CHECK(outlet.flush(0).ok());
    outlet.emit_console("secret");
    outlet.emit_console("secret");
    outlet.kick();
    outlet.kick();
    CHECK(lines ==
          std::vector<std::string>{
              "QT094: write to standard output: No space left on device; what would be printed "
              "is dropped and counted"});
    qtap_stats stats = {};
    outlet.add_to(stats);
    CHECK(stats.sink_dropped == 2);
    const Status status = outlet.flush(0);
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().status == QTAP_ERR_IO);
    ::close(full);
  }

  // For ThreadSanitizer; without it a race here crashes within these rounds, but need not.
  TEST_CASE("counters are read while the stores are opened") {
    constexpr int kRounds = 200;
    for (int i = 0; i < kRounds; ++i) {
      Script events = {.events = true};
      Host host;
      Outlet outlet(
          host, [] {}, [](const std::string&) {});
      std::vector<sink::StorePlan> plans;
      plans.push_back({std::make_unique<ScriptedSink>("sink", events), {.has_worker = false}});
      REQUIRE(outlet.add_sinks(std::move(plans)).ok());
      std::promise<void> reading;
      std::atomic<bool> opened{false};
      qtap_stats stats = {};
      std::thread reader([&] {
        reading.set_value();
        while (!opened) {
          stats = {};
          outlet.add_to(stats);
        }
      });
      reading.get_future().wait();
      outlet.open();
      opened = true;
      reader.join();
      CHECK(stats.sink_sent == 0);
    }
  }

  TEST_CASE("stores that take no events close first") {
    std::vector<std::string> closed;
    Script both = {.events = true, .objects = true, .closed = &closed};
    Script objects = {.objects = true, .closed = &closed};
    Script events = {.events = true, .closed = &closed};
    Bench bench({&both, &events, &objects});
    bench.outlet().close();
    CHECK(closed == std::vector<std::string>{"sink-2", "sink-0", "sink-1"});
  }
}
