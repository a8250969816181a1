// SPDX-License-Identifier: Apache-2.0
// Bodies that nobody wants: what the kernel side is asked to leave out, and what becomes of it.
#include <doctest/doctest.h>

#include "conn/table.h"
#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

namespace {

constexpr uint64_t kBody = 10'000'000;

conn::ConnOptions without_bodies() {
  conn::ConnOptions options;
  options.may_skip = true;
  options.parser.body_buffer = 0;
  return options;
}

std::string head(const std::string& framing) {
  return "HTTP/1.1 200 OK\r\n" + framing + "\r\n\r\n";
}

// The next bytes come at `offset`, after `filtered` were left out.
void bytes_at(Fixture& f, uint64_t offset, uint64_t filtered, std::string_view text) {
  Record r = f.at(RecordType::kData, 1, 50);
  r.stream_kind = StreamKind::kOpenssl;
  r.direction = Direction::kReceived;
  r.offset = offset;
  r.filtered = filtered;
  r.full_len = text.size();
  r.bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  f.table.on_record(r);
}

}  // namespace

TEST_SUITE("conn/skip") {
  TEST_CASE("of a long body all but the last byte is left out, and nothing is missing") {
    Fixture f(without_bodies(), conn::Need::kHeads);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    const std::string begin = head("Content-Length: 10000000") + "first";
    f.data(1, 50, Direction::kReceived, begin);
    const uint64_t end = begin.size() - 5 + kBody;
    REQUIRE(f.events.unwanted.size() == 1);
    CHECK(f.events.unwanted[0] == std::pair<uint64_t, uint64_t>(50, end - 1));
    // Some came before the kernel side had heard of it, and asks for nothing new.
    bytes_at(f, begin.size(), 0, std::string(1000, 'x'));
    CHECK(f.events.unwanted.size() == 1);
    const uint64_t left_out = end - 1 - begin.size() - 1000;
    bytes_at(f, end - 1, left_out, "x");
    REQUIRE(f.events.transactions.size() == 1);
    const Transaction& tx = *f.events.transactions[0];
    CHECK_FALSE(tx.truncated());
    CHECK(tx.response.body_bytes == kBody);
    CHECK(tx.response.body.empty());
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.bytes_lost == 0);
    CHECK(c.bytes_filtered == left_out);
    CHECK(c.bytes_seen == c.bytes_delivered);
    // The next exchange on the same connection.
    f.offsets = {kRequest.size(), 0};
    f.data(1, 50, Direction::kSent, kRequest);
    bytes_at(f, end, left_out, kResponse);
    CHECK(f.events.transactions.size() == 2);
    CHECK_FALSE(f.events.transactions[1]->truncated());
  }

  TEST_CASE("what was lost beside what was left out is still a loss") {
    Fixture f(without_bodies(), conn::Need::kHeads);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    const std::string begin = head("Content-Length: 10000000");
    f.data(1, 50, Direction::kReceived, begin);
    const uint64_t end = begin.size() + kBody;
    bytes_at(f, end - 1, kBody - 1 - 16384, "x");
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->truncated());
    CHECK(f.events.transactions[0]->response.missing_bytes == 16384);
    CHECK(f.table.counters().lost_by_cause[kLossRingFull] == 16384);
  }

  TEST_CASE("a body that lasts until the end of the connection is left out to its end") {
    Fixture f(without_bodies(), conn::Need::kHeads);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    const std::string begin = head("Connection: close");
    f.data(1, 50, Direction::kReceived, begin);
    REQUIRE(f.events.unwanted.size() == 1);
    CHECK(f.events.unwanted[0].second == UINT64_MAX);
    Record end = f.at(RecordType::kStreamEnd, 1, 50);
    end.total_bytes = {kRequest.size(), begin.size() + kBody};
    end.filtered_bytes = {0, kBody};
    f.table.on_record(end);
    f.close(1);
    REQUIRE(f.events.transactions.size() == 1);
    CHECK_FALSE(f.events.transactions[0]->truncated());
    CHECK(f.events.transactions[0]->response.body_bytes == kBody);
    CHECK(f.table.counters().bytes_lost == 0);
  }

  TEST_CASE("of a connection that nobody needs, the rest is left out, and its transactions end") {
    conn::ConnOptions options;
    options.may_skip = true;
    Fixture f(options, conn::Need::kNothing);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kResponse);
    REQUIRE(f.events.unwanted.size() == 2);
    for (const auto& [stream, until] : f.events.unwanted) {
      CHECK(stream == 50);
      CHECK(until == UINT64_MAX);
    }
    CHECK(f.events.unwanted_cause == SkipCause::kUnwanted);
    Record end = f.at(RecordType::kStreamEnd, 1, 50);
    end.total_bytes = {kRequest.size(), kResponse.size() + kBody};
    end.filtered_bytes = {0, kBody};
    f.table.on_record(end);
    f.close(1);
    CHECK(f.events.transactions.empty());
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.bytes_lost == 0);
    CHECK(c.bytes_filtered == kBody);
    CHECK(f.events.gone == 1);
    REQUIRE(f.events.finals.size() == 1);
    CHECK(f.events.finals[0]->l7 == L7Protocol::kHttp1);
    CHECK(f.events.finals[0]->endpoint_id == "api.example");  // its first bytes were read
  }

  TEST_CASE("what is needed is asked for again when the facts have changed, and only then") {
    conn::ConnOptions options;
    options.may_skip = true;
    Fixture f(options);
    f.open(1);
    SUBCASE("it stays as it was") {
      f.data(1, 50, Direction::kSent, kRequest);  // it speaks HTTP, and with whom
      CHECK(f.events.asked == 2);
      f.data(1, 50, Direction::kReceived, kResponse);
      f.data(1, 50, Direction::kSent, kRequest);
      f.data(1, 50, Direction::kReceived, kResponse);
      CHECK(f.events.asked == 2);
      CHECK(f.events.transactions.size() == 2);
      CHECK(f.events.unwanted.empty());
    }
    SUBCASE("nothing is needed since the name is known") {
      f.events.needs = {conn::Need::kBodies, conn::Need::kNothing};
      f.data(1, 50, Direction::kSent, kRequest);
      CHECK(f.events.asked == 2);
      CHECK(f.events.unwanted.size() == 1);
      f.data(1, 50, Direction::kReceived, kResponse);
      CHECK(f.events.unwanted.size() == 2);
      CHECK(f.events.transactions.empty());
    }
  }

  TEST_CASE("a body that goes out is ended when nothing is needed any more") {
    conn::ConnOptions options;
    options.may_skip = true;
    options.parser.tells_bodies = true;
    Fixture f(options);
    f.events.process.pid = 7;
    f.open(1);
    f.data(1, 50, Direction::kSent,
           "POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nab");
    CHECK(f.events.unwanted.empty());
    f.events.needs = {conn::Need::kNothing};
    f.events.process.pid = 8;  // another process has taken the connection over
    f.events.process.exe = "/bin/other";
    Record r = f.at(RecordType::kData, 1, 50);
    r.pid = 8;
    r.stream_kind = StreamKind::kOpenssl;
    r.direction = Direction::kSent;
    r.offset = f.offsets[index(Direction::kSent)];
    r.full_len = 1;
    const uint8_t byte = 'c';
    r.bytes = {&byte, 1};
    f.table.on_record(r);
    REQUIRE(f.events.transactions.size() == 1);  // told, so that its owner can end what is open
    CHECK(f.events.transactions[0]->truncated());
    CHECK(f.events.unwanted.size() == 1);
  }

  TEST_CASE("a recording or a host that reads all bytes gets them, whatever rules say") {
    Fixture f({}, conn::Need::kNothing);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kResponse);
    CHECK(f.events.unwanted.empty());
    CHECK(f.events.transactions.size() == 1);
  }

  TEST_CASE("nothing is asked to be left out when it is wanted, or not worth it") {
    conn::ConnOptions options = without_bodies();
    std::string length = "10000000";
    conn::Need need = conn::Need::kHeads;
    SUBCASE("bodies are kept") {
      need = conn::Need::kBodies;
    }
    SUBCASE("a host reads the bytes") {
      options.may_skip = false;
    }
    SUBCASE("a store takes bodies as they pass") {
      options.parser.tells_bodies = true;
      need = conn::Need::kBodies;
    }
    SUBCASE("the body is short") {
      length = "1000";
    }
    Fixture f(options, need);
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, head("Content-Length: " + length));
    CHECK(f.events.unwanted.empty());
  }
}
