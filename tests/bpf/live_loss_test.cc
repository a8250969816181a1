// SPDX-License-Identifier: Apache-2.0
// What is not delivered is counted and told, and costs nothing else.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "bpf/shared/records.h"
#include "capture.h"

namespace qtap::test {

TEST_SUITE("bpf/live_loss") {
  TEST_CASE("what one call has beyond max_call_bytes is a flagged and counted gap") {
    auto live = live_options();
    live.max_call_bytes = 100'000;
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    const pid_t client = run(capture, python("post", {port, "250000"}));
    const auto streams = capture.streams(client, StreamKind::kOpenssl);
    REQUIRE(streams.size() == 1);
    const auto sent = capture.assemble(streams[0], Direction::kSent);
    CHECK(sent.missing == 150'000);
    CHECK(sent.contiguous);
    const auto data = capture.of(RecordType::kData, client);
    const auto gap = std::find_if(data.begin(), data.end(),
                                  [](const Kept* kept) { return kept->record.truncated; });
    REQUIRE(gap != data.end());
    CHECK((*gap)->record.full_len == 150'000);
    CHECK((*gap)->bytes.empty());
    CHECK(capture.lost(QTAP_LOSS_CALL_LIMIT) == 1);
  }

  TEST_CASE("a full ring loses records, and says how many and where") {
    auto live = live_options();
    live.ring_bytes = 64u << 10;
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    Child client(python("post", {port, "1000000"}));
    client.wait();  // nobody reads the ring meanwhile
    capture.settle();
    CHECK(capture.lost(QTAP_LOSS_RING_FULL) > 0);
    capture.stop();
    const auto losses = capture.of(RecordType::kLoss);
    REQUIRE(!losses.empty());
    CHECK(losses.back()->record.lost_bytes[QTAP_LOSS_RING_FULL] > 800'000);
  }

  TEST_CASE("a connection whose opening found the ring full is told with its next bytes") {
    auto live = live_options();
    live.ring_bytes = 64u << 10;
    Child server(python("server"));
    const std::string port = server.read_line();
    Capture capture(live);
    // Nobody reads the ring meanwhile. The smallest records fill it to the last byte.
    Child filler(python("connections", {"1000"}));
    filler.wait();
    Child client(python("keep_alive", {port}));
    REQUIRE(client.read_line() == "connected");
    auto quiet = std::make_unique<Child>(python("keep_alive", {port}));
    const pid_t quiet_pid = quiet->pid();
    REQUIRE(quiet->read_line() == "connected");
    capture.settle();
    const uint64_t full_ns = capture.of(RecordType::kLoss).back()->record.time_ns;
    REQUIRE(capture.lost(QTAP_LOSS_RING_FULL) > 0);
    REQUIRE(capture.first(RecordType::kOpen, client.pid()) == nullptr);
    client.write_line("/77");
    CHECK(capture.poll_until(
        [&] { return capture.first(RecordType::kOpen, client.pid()) != nullptr; }));
    const Kept* open = capture.first(RecordType::kOpen, client.pid());
    REQUIRE(open != nullptr);
    CHECK(open->record.role == Role::kClient);
    CHECK(open->record.remote.port == std::stoi(port));
    // Connecting did not take until now.
    CHECK(open->record.start_ns > 0);
    CHECK(open->record.time_ns < full_ns);
    CHECK(capture.of(RecordType::kOpen, client.pid()).size() == 1);
    // Who says nothing more is told about when its connection ends.
    CHECK(capture.first(RecordType::kOpen, quiet_pid) == nullptr);
    quiet.reset();
    CHECK(capture.poll_until(
        [&] { return capture.first(RecordType::kClose, quiet_pid) != nullptr; }));
    const Kept* late_open = capture.first(RecordType::kOpen, quiet_pid);
    REQUIRE(late_open != nullptr);
    CHECK(late_open->record.remote.port == std::stoi(port));
  }

  TEST_CASE("time, losses and late libraries do not wait until a busy ring is empty") {
    struct Counter : source::RecordSink {
      bool on_record(const Record& record) override {
        records += record.type != RecordType::kTick && record.type != RecordType::kLoss;
        losses += record.type == RecordType::kLoss;
        if (record.type == RecordType::kTick) {
          ++ticks;
          CHECK(record.time_ns == latest_ns);
        } else {
          latest_ns = std::max(latest_ns, record.time_ns);
        }
        return true;
      }
      int records = 0;
      int losses = 0;
      int ticks = 0;
      uint64_t latest_ns = 0;
    };
    const TemporaryLibrary library;
    auto live = live_options();
    live.ring_bytes = 64u << 10;
    live.library_directories = {"/nonexistent"};
    Capture capture(live);
    const size_t attached = capture.source().attached().size();
    Child late({"/usr/bin/env", "LD_PRELOAD=" + library.path(), "/usr/bin/sleep", "60"});
    Child filler(python("connections", {"1000"}));  // more than the ring holds
    filler.wait();
    Counter counter;
    // So few at a time that the ring holds more than what is taken until ticks have come.
    const bool came = wait_until([&] {
      const auto delivered = capture.source().poll(counter, 2);
      REQUIRE(delivered.ok());
      CHECK(*delivered <= 2);
      return counter.ticks >= 1 && counter.losses >= 1 &&
             capture.source().attached().size() > attached;
    });
    CHECK(came);
    const int told = counter.records;
    REQUIRE(capture.source().poll(counter, 5).ok());
    CHECK(counter.records > told);  // it was not empty
  }
}

}  // namespace qtap::test
