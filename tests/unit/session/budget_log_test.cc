// SPDX-License-Identifier: Apache-2.0
#include "session/budget_log.h"

#include <doctest/doctest.h>

using namespace qtap;
using session::BudgetLog;

TEST_SUITE("session/budget_log") {
  TEST_CASE("a line says who, how much of it, and why") {
    BudgetLog log;
    Record step;
    step.type = RecordType::kLevel;
    step.time_ns = 60'000'000'000;
    step.pid = 4711;
    step.level = CaptureLevel::kHeaders;
    step.spent = 72'500'000;
    step.budget = 50'000'000;
    Process process;
    process.exe = "/usr/bin/curl";
    CHECK(log.line(step, &process) ==
          "QT031: budget: pid 4711 (/usr/bin/curl) is captured at level headers from now on: "
          "capturing it took 7.25 % of a CPU, the budget is 5 %");
    step.of_all = true;
    step.level = CaptureLevel::kFull;
    CHECK(log.line(step, nullptr) ==
          "QT031: budget: pid 4711 is captured at level full from now on: all capture took 7.25 % "
          "of a CPU, the budget is 5 %");
  }

  TEST_CASE("many steps are told by number") {
    BudgetLog log;
    Record step;
    step.time_ns = 60'000'000'000;
    for (uint32_t i = 0; i < BudgetLog::kLines; ++i) CHECK(!log.line(step, nullptr).empty());
    for (int i = 0; i < 7; ++i) CHECK(log.line(step, nullptr).empty());
    step.time_ns += BudgetLog::kIntervalNs;
    CHECK(log.line(step, nullptr).ends_with("; 7 steps were not told"));
    CHECK(log.line(step, nullptr).find("not told") == std::string::npos);
  }
}
