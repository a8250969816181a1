// SPDX-License-Identifier: Apache-2.0
#include "probe/budget.h"

#include <algorithm>

namespace qtap::probe {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

uint64_t share_of(uint64_t spent_ns, uint64_t elapsed_ns) {
  return static_cast<uint64_t>(static_cast<double>(spent_ns) * static_cast<double>(kSecond) /
                               static_cast<double>(elapsed_ns));
}

CaptureLevel moved(CaptureLevel level, int steps) {
  return static_cast<CaptureLevel>(
      std::clamp(static_cast<int>(level) + steps, 0, static_cast<int>(CaptureLevel::kCount)));
}

int steps_down(uint64_t share, uint64_t budget) {
  return share > Budget::kFar * budget ? 2 : 1;
}

}  // namespace

CaptureLevel Budget::level_of(uint32_t pid) const {
  const auto it = by_pid_.find(pid);
  return it == by_pid_.end() ? CaptureLevel::kFull : it->second.level;
}

size_t Budget::lowered() const {
  return static_cast<size_t>(std::count_if(by_pid_.begin(), by_pid_.end(), [](const auto& entry) {
    return entry.second.level != CaptureLevel::kFull;
  }));
}

// Who is not told of any more (its entry was the oldest of a full table) took nothing; it stays
// known as long as it is below kFull.
void Budget::note_costs(std::span<const Cost> costs, uint64_t elapsed_ns) {
  for (auto& [pid, state] : by_pid_) {
    state.share = 0;
    state.seen = false;
  }
  for (const Cost& cost : costs) {
    State& state = by_pid_[cost.pid];
    const uint64_t before = cost.spent_ns < state.spent_ns ? 0 : state.spent_ns;
    if (elapsed_ns != 0) state.share = share_of(cost.spent_ns - before, elapsed_ns);
    state.spent_ns = cost.spent_ns;
    state.seen = true;
  }
  std::erase_if(by_pid_, [](const auto& entry) {
    return !entry.second.seen && entry.second.level == CaptureLevel::kFull;
  });
}

void Budget::lower(uint32_t pid, State& state, uint64_t now_ns, Step step,
                   std::vector<Step>& steps) {
  const CaptureLevel before = state.level;
  state.level = moved(before, steps_down(step.spent, step.budget));
  state.calm_since_ns = 0;
  if (state.level == before) return;
  if (state.raised_ns != 0 && now_ns - state.raised_ns < 2 * kCalmNs) {
    state.doublings = std::min(state.doublings + 1, kMaxDoublings);
    state.raised_ns = 0;
  }
  state.changed_ns = now_ns;
  step.pid = pid;
  step.level = state.level;
  steps.push_back(step);
}

// One process at a time under a total budget: what the first one takes then is not known yet.
void Budget::raise_calm(uint64_t now_ns, uint64_t total_share, std::vector<Step>& steps) {
  const bool total_is_calm = options_.total == 0 || total_share < options_.total / 2;
  if (!total_is_calm) total_calm_since_ns_ = 0;
  if (total_is_calm && total_calm_since_ns_ == 0) total_calm_since_ns_ = now_ns;
  std::vector<uint32_t> pids;
  for (auto& [pid, state] : by_pid_) {
    const bool is_calm = options_.process == 0 || state.share < options_.process / 2;
    if (!is_calm) {
      state.calm_since_ns = 0;
    } else if (state.calm_since_ns == 0) {
      state.calm_since_ns = now_ns;
    }
    if (state.level != CaptureLevel::kFull) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  for (const uint32_t pid : pids) {
    State& state = by_pid_.at(pid);
    // Who is idle says nothing about what it costs when it works, but harms nobody either.
    const uint64_t wait_ns = state.share == 0 ? kCalmNs : kCalmNs << state.doublings;
    const auto waited = [&](uint64_t since_ns) {
      return since_ns != 0 && now_ns - since_ns >= wait_ns;
    };
    if (!waited(state.calm_since_ns)) continue;
    if (options_.total != 0 && !waited(total_calm_since_ns_)) continue;
    state.level = moved(state.level, -1);
    state.raised_ns = state.changed_ns = state.calm_since_ns = now_ns;
    if (state.level == CaptureLevel::kFull && state.share == 0) state.doublings = 0;
    const bool of_all = options_.process == 0;
    steps.push_back({pid, state.level, of_all ? total_share : state.share,
                     of_all ? options_.total : options_.process, of_all});
    if (options_.total == 0) continue;
    total_calm_since_ns_ = now_ns;
    return;
  }
}

std::vector<Budget::Step> Budget::on_interval(uint64_t now_ns, std::span<const Cost> costs,
                                              uint64_t reader_ns) {
  std::vector<Step> steps;
  const uint64_t elapsed_ns = last_ns_ == 0 || now_ns <= last_ns_ ? 0 : now_ns - last_ns_;
  const bool is_first = last_ns_ == 0;
  if (!is_first && elapsed_ns == 0) return steps;
  note_costs(costs, elapsed_ns);
  const uint64_t reader_share =
      elapsed_ns == 0 ? 0 : share_of(reader_ns - std::min(reader_ns, reader_ns_), elapsed_ns);
  last_ns_ = now_ns;
  reader_ns_ = reader_ns;
  if (is_first) return steps;

  uint64_t total_share = reader_share;
  uint32_t dearest = 0;
  uint64_t dearest_share = 0;
  std::vector<uint32_t> over;
  for (const auto& [pid, state] : by_pid_) {
    total_share += state.share;
    if (options_.process != 0 && state.share > options_.process) over.push_back(pid);
    const bool is_dearer =
        state.share > dearest_share || (state.share == dearest_share && pid < dearest);
    if (state.level == CaptureLevel::kCount || state.share == 0 || !is_dearer) continue;
    dearest = pid;
    dearest_share = state.share;
  }
  std::sort(over.begin(), over.end());  // the same input, the same order of steps
  for (const uint32_t pid : over) {
    State& state = by_pid_.at(pid);
    lower(pid, state, now_ns, {.spent = state.share, .budget = options_.process}, steps);
  }
  const bool is_over = options_.total != 0 && total_share > options_.total;
  if (is_over && dearest != 0 && std::find(over.begin(), over.end(), dearest) == over.end()) {
    lower(dearest, by_pid_.at(dearest), now_ns,
          {.spent = total_share, .budget = options_.total, .of_all = true}, steps);
  }
  raise_calm(now_ns, total_share, steps);
  return steps;
}

}  // namespace qtap::probe
