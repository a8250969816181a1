// SPDX-License-Identifier: Apache-2.0
// What a budget leaves of a process: what is asked of the kernel side, what becomes of messages
// that it cuts, and where each byte goes in the ledger.
#include <doctest/doctest.h>

#include <numeric>

#include "conn/table.h"
#include "fixture.h"

using namespace qtap;
using namespace qtap::test;

namespace {

constexpr uint64_t kBody = 10'000'000;
const std::string kLongHead = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";

void level(Fixture& f, CaptureLevel level, uint32_t pid = 7) {
  Record r = f.at(RecordType::kLevel, 0);
  r.pid = pid;
  r.level = level;
  f.table.on_record(r);
}

// The next bytes come at `offset`; of those before it, `filtered` were not wanted and `over_budget`
// left out for want of budget.
void bytes_at(Fixture& f, Direction direction, uint64_t offset, uint64_t filtered,
              uint64_t over_budget, std::string_view text) {
  Record r = f.at(RecordType::kData, 1, 50);
  r.stream_kind = StreamKind::kOpenssl;
  r.direction = direction;
  r.offset = offset;
  r.filtered = filtered;
  r.over_budget = over_budget;
  r.full_len = text.size();
  r.bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
  f.table.on_record(r);
}

void check_identity(const conn::ConnCounters& c) {
  CHECK(c.bytes_seen == c.bytes_delivered + c.bytes_lost);
  CHECK(c.bytes_lost ==
        std::accumulate(c.lost_by_cause.begin(), c.lost_by_cause.end(), uint64_t{0}));
}

}  // namespace

TEST_SUITE("conn/level") {
  TEST_CASE("at headers the rest of a body is left out, for want of budget, and told") {
    Fixture f;
    f.open(1);
    level(f, CaptureLevel::kHeaders);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kLongHead + "first");
    const uint64_t end = kLongHead.size() + kBody;
    REQUIRE(f.events.unwanted.size() == 1);
    CHECK(f.events.unwanted[0] == std::pair<uint64_t, uint64_t>(50, end - 1));
    CHECK(f.events.unwanted_cause == SkipCause::kBudget);
    bytes_at(f, Direction::kReceived, end - 1, 0, kBody - 6, "x");
    REQUIRE(f.events.transactions.size() == 1);
    const Transaction& tx = *f.events.transactions[0];
    CHECK(tx.level == CaptureLevel::kHeaders);
    CHECK_FALSE(tx.request.truncated());
    CHECK(tx.response.truncation == http::Truncation::kBudget);
    CHECK(tx.response.missing_bytes == kBody);
    CHECK(tx.response.body_bytes == kBody);
    CHECK(tx.response.body.empty());
    CHECK(tx.response.complete);
    CHECK(tx.response.headers.size() == 1);
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.lost_by_cause[kLossBudget] == kBody - 6);
    CHECK(c.bytes_lost == kBody - 6);
    CHECK(c.bytes_filtered == 0);
    CHECK(c.bytes_seen == kRequest.size() + end);
    CHECK(f.events.data_lost == kBody - 6);
    check_identity(c);
    // Back at full, the next one is whole.
    level(f, CaptureLevel::kFull);
    f.offsets = {kRequest.size(), 0};
    f.data(1, 50, Direction::kSent, kRequest);
    bytes_at(f, Direction::kReceived, end, 0, kBody - 6, kResponse);
    REQUIRE(f.events.transactions.size() == 2);
    CHECK_FALSE(f.events.transactions[1]->truncated());
    CHECK(f.events.transactions[1]->response.body == "ok");
    CHECK(f.events.last->capture_level == CaptureLevel::kFull);
  }

  TEST_CASE("bodies that nobody wants are no question of budget") {
    conn::ConnOptions options;
    options.may_skip = true;
    options.parser.body_buffer = 0;
    Fixture f(options, conn::Need::kHeads);
    f.open(1);
    level(f, CaptureLevel::kHeaders);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kLongHead);
    REQUIRE(f.events.unwanted.size() == 1);
    CHECK(f.events.unwanted_cause == SkipCause::kUnwanted);
    bytes_at(f, Direction::kReceived, kLongHead.size() + kBody - 1, kBody - 1, 0, "x");
    REQUIRE(f.events.transactions.size() == 1);
    CHECK_FALSE(f.events.transactions[0]->truncated());
    CHECK(f.table.counters().bytes_lost == 0);
  }

  TEST_CASE("a short body comes and is not kept; one that began before keeps its beginning") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    SUBCASE("not kept at all") {
      level(f, CaptureLevel::kHeaders);
      f.data(1, 50, Direction::kReceived, kResponse);
      CHECK(f.events.transactions.at(0)->response.missing_bytes == 2);
      CHECK(f.events.transactions.at(0)->response.body.empty());
    }
    SUBCASE("cut in the middle, and not continued behind the hole") {
      f.data(1, 50, Direction::kReceived, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
      level(f, CaptureLevel::kHeaders);
      f.data(1, 50, Direction::kReceived, "def");
      level(f, CaptureLevel::kFull);
      f.data(1, 50, Direction::kReceived, "ghi");
      CHECK(f.events.transactions.at(0)->response.missing_bytes == 6);
      CHECK(f.events.transactions.at(0)->response.body == "abc");
    }
    SUBCASE("kept before, and withheld") {
      f.data(1, 50, Direction::kReceived, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
      level(f, CaptureLevel::kSummary);
      f.data(1, 50, Direction::kReceived, "d");
      CHECK(f.events.transactions.at(0)->response.missing_bytes == 4);
      CHECK(f.events.transactions.at(0)->response.body.empty());
    }
    REQUIRE(f.events.transactions.size() == 1);
    CHECK(f.events.transactions[0]->response.truncation == http::Truncation::kBudget);
    CHECK(f.table.counters().transactions_truncated == 1);
    CHECK(f.table.counters().bytes_lost == 0);  // they were delivered
  }

  TEST_CASE("at count a parser sees a gap, says why, and finds the next start line") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    level(f, CaptureLevel::kCount);
    CHECK(f.events.transactions.empty());
    level(f, CaptureLevel::kFull);
    const uint64_t sent = kRequest.size() + 1000;
    bytes_at(f, Direction::kSent, sent, 0, 1000, kRequest);
    bytes_at(f, Direction::kReceived, 5000, 0, 5000, "end of some response");
    f.offsets = {sent + kRequest.size(), 5020};
    f.data(1, 50, Direction::kReceived, kResponse);
    f.data(1, 50, Direction::kSent, kRequest);
    f.data(1, 50, Direction::kReceived, kResponse);
    f.table.close_all();
    REQUIRE(!f.events.transactions.empty());
    CHECK_FALSE(f.events.transactions.back()->truncated());
    bool told = false;
    for (const auto& tx : f.events.transactions) {
      told |= tx->response.truncation == http::Truncation::kBudget;
    }
    CHECK(told);
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.lost_by_cause[kLossBudget] == 6000);
    CHECK(c.bytes_lost == 6000);
    check_identity(c);
  }

  TEST_CASE("causes that mix add up to the byte, whatever comes first or last") {
    Fixture f;
    f.open(1);
    f.data(1, 50, Direction::kSent, kRequest);
    const uint64_t begin = kRequest.size();
    // 100 were not wanted, 200 had no budget, 300 found the ring full.
    bytes_at(f, Direction::kSent, begin + 600, 100, 200, "abc");
    // 10 had no budget, 20 found the ring full; the totals tell.
    Record count = f.at(RecordType::kCount, 1, 50);
    count.total_bytes = {begin + 633, 40};
    count.filtered_bytes = {100, 0};
    count.over_budget_bytes = {210, 40};
    f.table.on_record(count);
    f.table.on_record(count);
    Record end = count;
    end.type = RecordType::kStreamEnd;
    end.total_bytes = {begin + 640, 50};
    end.over_budget_bytes = {217, 45};
    f.table.on_record(end);
    const conn::ConnCounters& c = f.table.counters();
    CHECK(c.bytes_filtered == 100);
    CHECK(c.lost_by_cause[kLossBudget] == 217 + 45);
    CHECK(c.lost_by_cause[kLossRingFull] == 320 + 5);
    CHECK(c.bytes_seen == begin + 540 + 50);
    check_identity(c);
    f.tick(kSecond);
    CHECK(f.events.last->ledger[0].lost[kLossBudget] == 217);
  }

  TEST_CASE("of a plain socket and of ends without a connection the same holds") {
    Fixture f;
    f.open(1);
    f.data(1, 1, Direction::kSent, kRequest);
    Record close = f.at(RecordType::kClose, 1);
    close.total_bytes = {kRequest.size() + 30, 70};
    close.filtered_bytes = {10, 0};
    close.over_budget_bytes = {15, 70};
    f.table.on_record(close);
    CHECK(f.table.counters().lost_by_cause[kLossBudget] == 85);
    CHECK(f.table.counters().lost_by_cause[kLossRingFull] == 5);
    Record end = f.at(RecordType::kStreamEnd, 2, 60);
    end.total_bytes = {100, 0};
    end.over_budget_bytes = {90, 0};
    f.table.on_record(end);
    f.tick(kSecond);
    CHECK(f.table.counters().lost_by_cause[kLossBudget] == 175);
    CHECK(f.table.counters().lost_by_cause[kLossRingFull] == 15);
    check_identity(f.table.counters());
  }

  TEST_CASE("a level holds for the process: its connections, old and new, until it ends") {
    Fixture f;
    f.open(1);
    level(f, CaptureLevel::kSummary, 9);
    f.tick(kSecond);
    CHECK(f.events.last->capture_level == CaptureLevel::kFull);
    level(f, CaptureLevel::kSummary);
    f.tick(20 * kSecond);
    CHECK(f.events.last->capture_level == CaptureLevel::kSummary);
    f.open(2);
    f.close(1);
    f.tick(20 * kSecond);
    CHECK(f.events.last->capture_level == CaptureLevel::kSummary);
    f.table.on_record(f.at(RecordType::kExit, 0));
    f.open(3);  // its pid is another process's
    f.close(2);
    f.tick(20 * kSecond);
    CHECK(f.events.last->capture_level == CaptureLevel::kFull);
  }
}
