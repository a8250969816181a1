// SPDX-License-Identifier: Apache-2.0
// In: what capturing each process took, on every tick. Out: steps of levels.
// The live source owns it and calls it from the thread that polls; it touches no kernel and no
// clock, so that the same input gives the same steps.
//
//   full --> headers --> summary --> count     over the budget in an interval: one step down at
//        <--         <--         <--           once, two if far over; below half of it for some
//                                              seconds: one step up
//
// Under the total budget the most expensive process steps first. A step up that had to be taken
// back soon makes the next one wait twice as long, unless the process is idle.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/record.h"

namespace qtap::probe {

// All in nanoseconds of CPU per second; 0 = no budget.
struct BudgetOptions {
  uint64_t process = 0;
  uint64_t total = 0;
  bool any() const { return process != 0 || total != 0; }
};

class Budget {
 public:
  // Below half of the budget for so long: a step up.
  static constexpr uint64_t kCalmNs = 3'000'000'000;
  // The longest wait of a process whose steps up do not last.
  static constexpr uint32_t kMaxDoublings = 5;
  // Far over: this many times the budget.
  static constexpr uint64_t kFar = 4;

  // What a process took since the capture began, in nanoseconds. One that begins again at less is
  // new.
  struct Cost {
    uint32_t pid = 0;
    uint64_t spent_ns = 0;
  };
  struct Step {
    uint32_t pid = 0;
    CaptureLevel level = CaptureLevel::kFull;
    uint64_t spent = 0;  // nanoseconds per second: of the process or, if of_all, of everything
    uint64_t budget = 0;
    bool of_all = false;
  };

  explicit Budget(const BudgetOptions& options) : options_(options) {}

  // `costs`: every process that anything is known of. `reader_ns`: CPU of the reading thread since
  // the capture began. The first call only notes where things stand.
  std::vector<Step> on_interval(uint64_t now_ns, std::span<const Cost> costs, uint64_t reader_ns);

  // The process has ended: another one may get its pid.
  void forget(uint32_t pid) { by_pid_.erase(pid); }

  CaptureLevel level_of(uint32_t pid) const;
  // How many processes are below kFull.
  size_t lowered() const;
  template <typename Visit>
  void for_each_counted(const Visit& visit) const {
    for (const auto& [pid, state] : by_pid_) {
      if (state.level == CaptureLevel::kCount) visit(pid, state.changed_ns);
    }
  }

 private:
  struct State {
    uint64_t spent_ns = 0;  // as told last
    uint64_t share = 0;     // of the last interval, nanoseconds per second
    uint64_t calm_since_ns = 0;
    uint64_t raised_ns = 0;
    uint64_t changed_ns = 0;
    uint32_t doublings = 0;
    CaptureLevel level = CaptureLevel::kFull;
    bool seen = false;
  };

  void note_costs(std::span<const Cost> costs, uint64_t elapsed_ns);
  void lower(uint32_t pid, State& state, uint64_t now_ns, Step step, std::vector<Step>& steps);
  void raise_calm(uint64_t now_ns, uint64_t total_share, std::vector<Step>& steps);

  BudgetOptions options_;
  std::unordered_map<uint32_t, State> by_pid_;
  uint64_t last_ns_ = 0;
  uint64_t reader_ns_ = 0;
  uint64_t total_calm_since_ns_ = 0;
};

}  // namespace qtap::probe
