// SPDX-License-Identifier: Apache-2.0
// In: steps of the budget. Out: lines for the logger, a few at a time: a machine that is over its
// budget steps often, and telling costs as well.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "model/connection.h"
#include "model/record.h"

namespace qtap::session {

class BudgetLog {
 public:
  static constexpr uint64_t kIntervalNs = 10'000'000'000;
  static constexpr uint32_t kLines = 10;  // per interval, on the clock of the records

  // The line of a kLevel record; empty: there were too many, a later line says how many.
  // `process`: nullptr when it is not known.
  std::string line(const Record& step, const Process* process);

 private:
  uint64_t interval_ns_ = 0;
  uint32_t lines_ = 0;
  uint64_t untold_ = 0;
};

}  // namespace qtap::session
