// SPDX-License-Identifier: Apache-2.0
// Carries the budget out: costs from the kernel side to it, its steps back to the kernel side and,
// as records, to whoever reads. The live source owns it and calls it from the thread that polls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

#include "bpf/shared/state.h"
#include "model/record.h"
#include "probe/budget.h"
#include "probe/kernel_side.h"

namespace qtap::probe {

class BudgetKeeper {
 public:
  explicit BudgetKeeper(const BudgetOptions& options) : options_(options), budget_(options) {}

  // False: no budget is set, and nothing below needs to be called.
  bool on() const { return options_.any(); }
  // Before load: has the kernel side measure. The text of a warning, or "".
  std::string prepare(KernelSettings& settings) const;

  // Looks at the costs and sets levels. The streams whose totals are to be told are shown to
  // `tell`: of those that are only counted nothing else comes before they end.
  using Tell = std::function<void(const qtap_stream_key&, const qtap_stream&)>;
  void on_tick(KernelSide& kernel, uint64_t now_ns, const Tell& tell);
  void on_exit(KernelSide& kernel, uint32_t pid);

  // kLevel records that were not told yet, the oldest first.
  std::deque<Record>& steps() { return steps_; }

  // Adds the CPU time of its thread while it lives, if the total budget needs to know.
  class Reading {
   public:
    explicit Reading(BudgetKeeper& keeper);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    uint64_t* sum_;
    uint64_t began_ns_ = 0;
  };

 private:
  void show_counted(const KernelSide& kernel, uint64_t now_ns, const Tell& tell);

  BudgetOptions options_;
  Budget budget_;
  std::deque<Record> steps_;
  uint64_t reader_ns_ = 0;
  uint64_t shown_ns_ = 0;
  std::unordered_map<uint64_t, uint64_t> shown_;  // stream id -> bytes over budget
};

}  // namespace qtap::probe
