// SPDX-License-Identifier: Apache-2.0
// Connections that are older than the capture.
#include <doctest/doctest.h>
#include <signal.h>

#include <set>
#include <string>

#include "capture.h"

namespace qtap::test {
namespace {

bool has_warning(const Capture& capture, const std::string& id) {
  for (const std::string& warning : const_cast<Capture&>(capture).source().warnings()) {
    if (warning.starts_with(id)) return true;
  }
  return false;
}

}  // namespace

TEST_SUITE("bpf/live_older") {
  TEST_CASE("idle connections are told once, at start, with role, addresses, fd and owner") {
    constexpr size_t kPairs = 300;
    Child idle(python("idle", {std::to_string(kPairs)}));
    const std::string port = idle.read_line();
    auto live = live_options();
    live.ring_bytes = 64u << 10;  // many batches
    Capture capture(live);
    CHECK(capture.poll_until(
        [&] { return capture.of(RecordType::kOpen, idle.pid()).size() >= 2 * kPairs; }));
    capture.settle();
    const auto opens = capture.of(RecordType::kOpen, idle.pid());
    REQUIRE(opens.size() == 2 * kPairs);
    std::set<uint64_t> keys;
    std::set<int> fds;
    size_t servers = 0;
    for (const Kept* open : opens) {
      const Record& record = open->record;
      keys.insert(record.conn_key);
      fds.insert(record.fd);
      CHECK(record.late);
      CHECK(record.start_ns == 0);
      CHECK(record.socket_cookie != 0);
      const bool server = record.role == Role::kServer;
      servers += server;
      CHECK(record.role != Role::kUnknown);
      CHECK(std::to_string(server ? record.local.port : record.remote.port) == port);
    }
    CHECK(servers == kPairs);
    CHECK(keys.size() == opens.size());
    CHECK(fds.size() == opens.size());
    CHECK(capture.first(RecordType::kProcessInfo, idle.pid()) != nullptr);
    CHECK(capture.source().warnings().empty());

    // Traffic adds no second OPEN, and the end is told.
    const uint64_t first = opens.front()->record.conn_key;
    idle.write_line("later");
    CHECK(idle.read_line() == "done");
    CHECK(capture.poll_until([&] {
      return !capture.assemble(first, Direction::kSent).bytes.empty() ||
             !capture.assemble(first, Direction::kReceived).bytes.empty();
    }));
    CHECK(capture.of(RecordType::kOpen, idle.pid()).size() == opens.size());
    kill(idle.pid(), SIGTERM);
    idle.wait();
    capture.settle();
    for (const uint64_t key : keys) CHECK(capture.close_of(key) != nullptr);
  }

  TEST_CASE("those that find the ring full are told when there is room") {
    Child idle(python("idle", {"1000"}));
    idle.read_line();
    auto live = live_options();
    live.ring_bytes = 64u << 10;  // room for 546
    Capture capture(live);
    CHECK(capture.poll_until(
        [&] { return capture.of(RecordType::kOpen, idle.pid()).size() == 2000; }));
    CHECK_FALSE(has_warning(capture, "QT068"));
  }

  TEST_CASE("those that find no room in the table are counted once, however often they are met") {
    constexpr uint64_t kListed = 300;
    constexpr uint64_t kSockets = 1000;
    Child idle(python("idle", {std::to_string(kSockets / 2), "twice"}));
    idle.read_line();
    auto live = live_options();
    live.max_older = kListed;
    Capture capture(live);
    CHECK(capture.poll_until([&] { return has_warning(capture, "QT068"); }));
    capture.settle();
    CHECK(capture.of(RecordType::kOpen).size() >= kListed);
    const uint64_t left_out = capture.lost(kLossMapFull);
    CHECK(left_out >= kSockets - kListed);  // this machine may have some connections of its own
    CHECK(left_out < kSockets - kListed + 200);
    const auto warnings = capture.source().warnings();
    CHECK_MESSAGE(warnings.front().find(", the table for " + std::to_string(left_out) + ":") !=
                      std::string::npos,
                  warnings.front());
  }

  TEST_CASE("a kernel that refuses iterators costs a line, and the next call tells") {
    Child idle(python("idle", {"1"}));
    idle.read_line();
    auto live = live_options();
    live.without_iterators = true;
    Capture capture(live);
    CHECK(has_warning(capture, "QT067"));
    capture.settle();
    CHECK(capture.of(RecordType::kOpen, idle.pid()).empty());
    idle.write_line("later");
    CHECK(idle.read_line() == "done");
    CHECK(
        capture.poll_until([&] { return capture.of(RecordType::kOpen, idle.pid()).size() == 2; }));
    for (const Kept* open : capture.of(RecordType::kOpen, idle.pid())) CHECK(open->record.late);
  }
}

}  // namespace qtap::test
