// SPDX-License-Identifier: Apache-2.0
// Who steps, when, and how far.
#include "probe/budget.h"

#include <doctest/doctest.h>

#include <map>

using namespace qtap;
using probe::Budget;

namespace {

constexpr uint64_t kTick = 250'000'000;
constexpr uint64_t kPercent = 10'000'000;  // nanoseconds per second
using enum CaptureLevel;

// Processes that take a share each, tick by tick.
struct Machine {
  explicit Machine(const probe::BudgetOptions& options) : budget(options) { tick(); }

  std::vector<Budget::Step> tick() {
    now_ns += kTick;
    std::vector<Budget::Cost> costs;
    for (auto& [pid, share] : shares) {
      spent[pid] += share / 4;
      costs.push_back({pid, spent[pid]});
    }
    reader_ns += reader_share / 4;
    auto steps = budget.on_interval(now_ns, costs, reader_ns);
    all.insert(all.end(), steps.begin(), steps.end());
    return steps;
  }
  void ticks(int n) {
    for (int i = 0; i < n; ++i) tick();
  }
  CaptureLevel level(uint32_t pid) const { return budget.level_of(pid); }

  uint64_t now_ns = 1'000'000'000'000;
  std::map<uint32_t, uint64_t> shares;
  std::map<uint32_t, uint64_t> spent;
  uint64_t reader_share = 0;
  uint64_t reader_ns = 0;
  std::vector<Budget::Step> all;
  Budget budget;
};

}  // namespace

TEST_SUITE("probe/budget") {
  TEST_CASE("over the budget in one interval is one step, far over two, and count is the end") {
    Machine m({.process = 5 * kPercent});
    m.shares = {{7, 6 * kPercent}, {8, 4 * kPercent}};
    const auto first = m.tick();
    REQUIRE(first.size() == 1);
    CHECK(first[0].pid == 7);
    CHECK(first[0].level == kHeaders);
    CHECK(first[0].spent == 6 * kPercent);
    CHECK(first[0].budget == 5 * kPercent);
    CHECK_FALSE(first[0].of_all);
    m.shares[7] = 21 * kPercent;
    m.tick();
    CHECK(m.level(7) == kCount);
    CHECK(m.tick().empty());
    CHECK(m.level(8) == kFull);
    CHECK(m.budget.lowered() == 1);
  }

  TEST_CASE("what was spent before the first look is nobody's fault") {
    Budget budget({.process = kPercent});
    const Budget::Cost costs[] = {{7, 60'000'000'000}};
    CHECK(budget.on_interval(1'000'000'000, costs, 0).empty());
    CHECK(budget.on_interval(1'250'000'000, costs, 0).empty());
    CHECK(budget.on_interval(1'250'000'000, costs, 0).empty());  // no time has passed
  }

  TEST_CASE("below half for three seconds is one step up; between half and all nothing moves") {
    Machine m({.process = 4 * kPercent});
    m.shares[7] = 17 * kPercent;
    m.ticks(2);
    REQUIRE(m.level(7) == kCount);
    m.shares[7] = 3 * kPercent;
    m.ticks(100);
    CHECK(m.level(7) == kCount);
    m.shares[7] = kPercent;
    m.ticks(12);
    CHECK(m.level(7) == kCount);
    m.tick();
    CHECK(m.level(7) == kSummary);
    m.ticks(24);
    CHECK(m.level(7) == kFull);
    CHECK(m.budget.lowered() == 0);
  }

  TEST_CASE("a short peak starts the wait anew") {
    Machine m({.process = 4 * kPercent});
    m.shares[7] = 5 * kPercent;
    m.tick();
    m.shares[7] = 0;
    m.ticks(10);
    m.shares[7] = 3 * kPercent;
    m.tick();
    m.shares[7] = 0;
    m.ticks(12);
    CHECK(m.level(7) == kHeaders);
    m.tick();
    CHECK(m.level(7) == kFull);
  }

  TEST_CASE("steps up that do not last wait longer each time; idleness is excused") {
    Machine m({.process = 4 * kPercent});
    const auto ticks_until_up = [&] {
      m.shares[7] = 5 * kPercent;  // at full it costs too much, else little
      while (m.level(7) == kFull) m.tick();
      m.shares[7] = kPercent;
      int ticks = 0;
      while (m.level(7) != kFull && ++ticks < 1000) m.tick();
      return ticks;
    };
    CHECK(ticks_until_up() == 13);
    CHECK(ticks_until_up() == 25);
    CHECK(ticks_until_up() == 49);
    for (int i = 0; i < 5; ++i) ticks_until_up();
    CHECK(ticks_until_up() == 385);  // 96 s, no longer
    m.shares[7] = 5 * kPercent;
    m.tick();
    m.shares[7] = 0;
    m.ticks(13);
    CHECK(m.level(7) == kFull);
  }

  TEST_CASE("over the total budget the dearest process steps, and the reader counts") {
    Machine m({.total = 10 * kPercent});
    m.shares = {{7, 2 * kPercent}, {8, 3 * kPercent}};
    m.ticks(20);
    CHECK(m.all.empty());
    m.reader_share = 6 * kPercent;
    const auto steps = m.tick();
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].pid == 8);
    CHECK(steps[0].of_all);
    CHECK(steps[0].spent == 11 * kPercent);
    CHECK(steps[0].budget == 10 * kPercent);
    m.ticks(2);
    CHECK(m.level(8) == kCount);
    CHECK(m.level(7) == kFull);
    m.ticks(3);  // still over: the next one
    CHECK(m.level(7) == kCount);
    CHECK(m.tick().empty());
    m.shares = {{7, 0}, {8, 0}};
    m.reader_share = 0;
    m.ticks(13);
    CHECK(m.all.back().level == kSummary);
    CHECK(m.level(7) == kSummary);
    CHECK(m.level(8) == kCount);  // one at a time
    m.ticks(5 * 13);
    CHECK(m.budget.lowered() == 0);
  }

  TEST_CASE("both budgets: one step per process and interval") {
    Machine m({.process = 5 * kPercent, .total = 8 * kPercent});
    m.shares = {{7, 6 * kPercent}, {8, 4 * kPercent}};
    CHECK(m.tick().size() == 1);
    CHECK(m.level(7) == kHeaders);
    CHECK(m.level(8) == kFull);
  }

  TEST_CASE("processes that end or are forgotten leave nothing behind") {
    Machine m({.process = 5 * kPercent});
    m.shares[7] = 100 * kPercent;
    m.ticks(2);
    REQUIRE(m.level(7) == kCount);
    SUBCASE("ended: the pid is another process's") {
      m.budget.forget(7);
      CHECK(m.level(7) == kFull);
    }
    SUBCASE("its entry was given to another: it took nothing, and rises") {
      m.shares.clear();
      m.ticks(36);
      CHECK(m.level(7) != kFull);
      m.ticks(2);
      CHECK(m.level(7) == kFull);
    }
    SUBCASE("counted anew from zero") {
      m.spent[7] = 0;
      m.shares[7] = kPercent;
      const size_t before = m.all.size();
      m.ticks(5);
      CHECK(m.all.size() == before);
    }
  }
}
