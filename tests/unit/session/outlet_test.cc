// SPDX-License-Identifier: Apache-2.0
#include "session/outlet.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
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
  Status flush;
  std::vector<std::string> got = {};
  std::vector<std::string> flushed = {};  // what it had got when it was flushed last
};

class ScriptedSink final : public sink::Sink {
 public:
  ScriptedSink(std::string id, Script& script) : script_(script), id_(std::move(id)) {}
  const std::string& id() const override { return id_; }
  bool takes_events() const override { return script_.events; }
  bool takes_objects() const override { return script_.objects; }
  Status put_event(const Ref<Event>& event) override {
    script_.got.push_back(event->json);
    return {};
  }
  Status put_object(const Ref<Object>& object) override {
    script_.got.push_back(object->data);
    return {};
  }
  std::string locate(const Object& object) const override { return "test:" + object.digest; }
  Status flush(int) override {
    script_.flushed = script_.got;
    return script_.flush;
  }
  void close() override {}

 private:
  Script& script_;
  std::string id_;
};

// An outlet over scripted sinks.
class Bench {
 public:
  explicit Bench(const std::vector<Script*>& scripts) {
    std::vector<std::unique_ptr<sink::Sink>> sinks;
    for (Script* script : scripts) {
      sinks.push_back(
          std::make_unique<ScriptedSink>("sink-" + std::to_string(sinks.size()), *script));
    }
    REQUIRE(outlet_.add_sinks(std::move(sinks)).ok());
    outlet_.open(sink::StoreOptions{});
  }
  Outlet& outlet() { return outlet_; }

 private:
  Host host_;
  Outlet outlet_{host_, [] {}, [](const std::string&) {}};
};

constexpr int kLongEnoughMs = 20'000;

size_t artifacts_in(const std::vector<std::string>& texts) {
  size_t count = 0;
  for (const std::string& text : texts) count += text.find("artifact_record") != text.npos;
  return count;
}

}  // namespace

TEST_SUITE("session/outlet") {
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
}
