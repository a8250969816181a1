// SPDX-License-Identifier: Apache-2.0
// How much there was, and that it ended: also when the ring has no room for it.
#include <doctest/doctest.h>

#include "bpf/shared/records.h"
#include "capture.h"
#include "programs.h"

namespace qtap::test {
namespace {

// Bytes of the streams of a process that ended: delivered, and in all.
struct Total {
  uint64_t delivered = 0;
  uint64_t seen = 0;
};

Total total_of(const Capture& capture, pid_t pid) {
  Total total;
  for (const Kept* data : capture.of(RecordType::kData, pid)) {
    if (data->record.stream_kind == StreamKind::kOpenssl) total.delivered += data->bytes.size();
  }
  for (const Kept* end : capture.of(RecordType::kStreamEnd, pid)) {
    total.seen += end->record.total_bytes[0] + end->record.total_bytes[1];
  }
  return total;
}

}  // namespace

TEST_SUITE("bpf/ends") {
  TEST_CASE("ends that find the ring full are told when there is room") {
    auto live = live_options();
    live.ring_bytes = 64u << 10;
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    Child first(python("post", {port, "300000"}));  // fills the ring, which nobody reads
    Child second(python("post", {port, "300000"}));
    first.wait();
    second.wait();
    CHECK(capture.poll_until([&] {
      return capture.first(RecordType::kStreamEnd, first.pid()) != nullptr &&
             capture.first(RecordType::kStreamEnd, second.pid()) != nullptr &&
             capture.of(RecordType::kClose).size() >= 4;
    }));
    capture.stop();
    for (const pid_t pid : {first.pid(), second.pid()}) {
      CHECK(total_of(capture, pid).seen > 300'000);
      CHECK(total_of(capture, pid).seen > total_of(capture, pid).delivered);
    }
    // Each socket: who it was, even if only its end could tell; and one end.
    for (const Kept* close : capture.of(RecordType::kClose)) {
      size_t opens = 0;
      for (const Kept* open : capture.of(RecordType::kOpen)) {
        if (open->record.conn_key == close->record.conn_key) ++opens;
      }
      CHECK(opens == 1);
    }
  }

  TEST_CASE("a process that ends without freeing its TLS objects ends their streams") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live_options());
    Child client(python("abrupt", {port}));
    CHECK(capture.poll_until([&] { return client.ended(); }));
    CHECK(capture.poll_until(
        [&] { return capture.first(RecordType::kStreamEnd, client.pid()) != nullptr; }));
    const Total total = total_of(capture, client.pid());
    CHECK(total.seen > 0);
    CHECK(total.seen == total.delivered);
  }

  TEST_CASE("the end of a capture tells the totals of what is still open") {
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live_options());
    Child client(python("keep_alive", {port, "tls"}));
    REQUIRE(client.read_line() == "connected");
    client.write_line("/77");
    CHECK(capture.poll_until([&] {
      return capture.streams(client.pid(), StreamKind::kOpenssl).size() == 1 &&
             capture
                 .assemble(capture.streams(client.pid(), StreamKind::kOpenssl)[0],
                           Direction::kReceived)
                 .bytes.ends_with(pattern(77));
    }));
    const uint64_t stream = capture.streams(client.pid(), StreamKind::kOpenssl)[0];
    capture.stop();
    const Kept* count = nullptr;
    for (const Kept* one : capture.of(RecordType::kCount)) {
      if (one->record.stream_id == stream) count = one;
    }
    REQUIRE(count != nullptr);
    CHECK(count->record.total_bytes[1] ==
          capture.assemble(stream, Direction::kReceived).bytes.size());
  }
}

}  // namespace qtap::test
