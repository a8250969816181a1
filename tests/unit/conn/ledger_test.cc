// SPDX-License-Identifier: Apache-2.0
// What is said of bytes that did not come, and of connections whose end did not.
#include <doctest/doctest.h>

#include <numeric>

#include "conn/table.h"
#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

namespace {

void check_identity(const conn::ConnCounters& c) {
  CHECK(c.bytes_seen == c.bytes_delivered + c.bytes_lost);
  CHECK(c.bytes_lost ==
        std::accumulate(c.lost_by_cause.begin(), c.lost_by_cause.end(), uint64_t{0}));
}

Record gap_of(Fixture& f, LossCause cause, uint64_t offset, uint64_t len) {
  Record r = f.at(RecordType::kData, 1, 1);
  r.direction = Direction::kReceived;
  r.offset = offset;
  r.full_len = len;
  r.truncated = true;
  r.cause = cause;
  return r;
}

}  // namespace

TEST_SUITE("conn/ledger") {
  TEST_CASE("each missing byte has a cause, by connection and direction") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    f.data(1, 1, Direction::kReceived, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    const uint64_t head = f.offsets[1];
    f.table.on_record(gap_of(f, kLossFault, head, 10));
    f.table.on_record(gap_of(f, kLossCallLimit, head + 10, 20));
    f.table.on_record(gap_of(f, kLossNoBuffer, head + 30 + 5, 30));  // 5 bytes: nothing was said
    f.tick(kSecond);
    const Ledger& received = f.events.last->ledger[1];
    CHECK(received.delivered == head);
    CHECK(received.lost[kLossFault] == 10);
    CHECK(received.lost[kLossCallLimit] == 20);
    CHECK(received.lost[kLossNoBuffer] == 30);
    CHECK(received.lost[kLossRingFull] == 5);
    CHECK(received.seen() == head + 65);
    CHECK(f.events.last->ledger[0].seen() == kRequest.size());
    CHECK(f.events.last->lost_bytes() == 65);
    CHECK(f.table.counters().lost_by_cause[kLossCallLimit] == 20);
    check_identity(f.table.counters());
  }

  TEST_CASE("a gap of bytes that nobody asked for is no loss") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    Record late = f.at(RecordType::kData, 1, 1);
    late.direction = Direction::kReceived;
    late.offset = 5024;
    late.filtered = 4000;
    late.full_len = kResponse.size();
    late.bytes = {reinterpret_cast<const uint8_t*>(kResponse.data()), kResponse.size()};
    f.table.on_record(late);
    f.offsets[1] = 5024 + kResponse.size();
    Record close = f.at(RecordType::kClose, 1);
    close.total_bytes = {f.offsets[0], f.offsets[1] + 3};
    close.filtered_bytes = {0, 4000};
    f.table.on_record(close);
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.bytes_filtered == 4000);
    CHECK(c.bytes_lost == 1024 + 3);  // the first bytes were to come, and the last
    check_identity(c);
  }

  TEST_CASE("a TLS object of which only the end came is a loss of all its bytes") {
    SUBCASE("with its socket") {
      Fixture f;
      f.open(1);
      f.stream_end(1, 50, {100, 200});
      CHECK(f.table.counters().bytes_lost == 300);
      f.tick(kSecond);
      CHECK(f.events.last->tls_state == TlsState::kNeverHit);
      CHECK(f.events.last->lost_bytes() == 300);
      check_identity(f.table.counters());
    }
    SUBCASE("without a socket") {
      Fixture f;
      f.stream_end(0, 50, {100, 200});
      CHECK(f.events.last->lost_bytes() == 300);
      CHECK(f.table.open() == 0);
    }
    SUBCASE("behind the end of its socket, which names it") {
      Fixture f;
      f.open(1);
      Record close = f.at(RecordType::kClose, 1, 50);
      close.total_bytes = {500, 600};
      f.table.on_record(close);
      CHECK(f.table.open() == 1);
      f.stream_end(1, 50, {100, 200});
      CHECK(f.table.open() == 0);
      CHECK(f.events.last->lost_bytes() == 300);
    }
    SUBCASE("when its connection was reported already") {
      Fixture f;
      f.open(1);
      f.close(1);
      f.stream_end(1, 50, {100, 200});
      f.tick(kSecond / 4);
      CHECK(f.table.counters().connections_total == 1);
      CHECK(f.table.counters().bytes_lost == 300);
      check_identity(f.table.counters());
    }
    SUBCASE("before its socket, which found the ring full") {
      Fixture f;
      f.stream_end(1, 50, {100, 200});
      f.open(1);
      Record close = f.at(RecordType::kClose, 1, 50);
      close.total_bytes = {500, 600};
      f.table.on_record(close);
      CHECK(f.table.open() == 1);
      f.tick(kSecond / 4);
      CHECK(f.table.open() == 0);
      CHECK(f.events.last->lost_bytes() == 300);
      CHECK(f.events.last->address_known);
      CHECK(f.table.counters().connections_total == 1);
    }
    SUBCASE("of no bytes: nothing") {
      Fixture f;
      f.stream_end(0, 50, {0, 0});
      CHECK(f.table.counters().connections_total == 0);
    }
  }

  TEST_CASE("totals at the end of a capture tell what of open connections was lost last") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    Record count = f.at(RecordType::kCount, 1, 50);
    count.total_bytes = {kRequest.size() + 7, 9};
    f.table.on_record(count);
    CHECK(f.table.counters().bytes_lost == 16);
    f.table.on_record(count);  // twice is once
    CHECK(f.table.counters().bytes_lost == 16);
    CHECK(f.table.open() == 1);
    f.table.close_all();
    CHECK(f.events.last->lost_bytes() == 16);
  }

  TEST_CASE("a connection has ended when its end was seen, and not when the capture ends") {
    Fixture f;
    f.open(1);
    f.open(2);
    f.close(1);
    CHECK(f.events.last->closed_ns != 0);
    f.data(0, 50, Direction::kSent, kRequest);
    f.stream_end(0, 50, {kRequest.size(), 0});
    CHECK(f.events.last->closed_ns != 0);
    f.table.close_all();
    CHECK(f.events.log.back().starts_with("close"));
    CHECK(f.events.last->closed_ns == 0);
  }

  TEST_CASE("connections beyond the limit are counted once each") {
    conn::ConnOptions options;
    options.max_connections = 1;
    Fixture f(options);
    f.open(1);
    for (int i = 0; i < 3; ++i) f.data(2, 2, Direction::kSent, kRequest);
    f.data(0, 50, Direction::kSent, kRequest);
    CHECK(f.table.counters().untracked == 2);
  }
}
