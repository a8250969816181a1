// SPDX-License-Identifier: Apache-2.0
#include "session/budget_log.h"

#include <cstdio>
#include <utility>

namespace qtap::session {
namespace {

// "7.25 %" of nanoseconds per second.
std::string share_text(uint64_t ns_per_second) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g %%", static_cast<double>(ns_per_second) / 1e7);
  return text;
}

}  // namespace

std::string BudgetLog::line(const Record& step, const Process* process) {
  if (step.time_ns - interval_ns_ >= kIntervalNs) {
    interval_ns_ = step.time_ns;
    lines_ = 0;
  }
  if (lines_ >= kLines) {
    ++untold_;
    return "";
  }
  ++lines_;
  std::string text = "QT031: budget: pid " + std::to_string(step.pid);
  if (process && !process->exe.empty()) text += " (" + process->exe + ")";
  text += std::string(" is captured at level ") + capture_level_name(step.level) + " from now on: ";
  text += step.of_all ? "all capture took " : "capturing it took ";
  text += share_text(step.spent) + " of a CPU, the budget is " + share_text(step.budget);
  if (untold_ > 0)
    text += "; " + std::to_string(std::exchange(untold_, 0)) + " steps were not told";
  return text;
}

}  // namespace qtap::session
