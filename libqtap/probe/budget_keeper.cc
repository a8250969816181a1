// SPDX-License-Identifier: Apache-2.0
#include "probe/budget_keeper.h"

#include <time.h>

#include <unordered_set>
#include <utility>

#include "probe/trap_price.h"

namespace qtap::probe {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
// Streams that are only counted and shown per second; of the others the end tells.
constexpr size_t kMaxShown = 1024;

uint64_t thread_cpu_ns() {
  timespec t = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<uint64_t>(t.tv_sec) * kNsPerSecond + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

BudgetKeeper::Reading::Reading(BudgetKeeper& keeper)
    : sum_(keeper.options_.total != 0 ? &keeper.reader_ns_ : nullptr) {
  if (sum_ != nullptr) began_ns_ = thread_cpu_ns();
}

BudgetKeeper::Reading::~Reading() {
  if (sum_ != nullptr) *sum_ += thread_cpu_ns() - began_ns_;
}

std::string BudgetKeeper::prepare(KernelSettings& settings) const {
  settings.budgets = true;
  const TrapPrice price = measure_trap_price();
  settings.trap_ns = price.ns;
  if (price.why_usual.empty()) return "";
  return "QT069: the price of a traced call cannot be measured (" + price.why_usual +
         "): budgets count " + std::to_string(price.ns) + " ns for it";
}

// The reader hears of a step before anything that comes later, and before what waits in the ring:
// that is cheaper to handle, too.
void BudgetKeeper::on_tick(KernelSide& kernel, uint64_t now_ns, const Tell& tell) {
  for (const Budget::Step& step : budget_.on_interval(now_ns, kernel.costs(), reader_ns_)) {
    kernel.set_level(step.pid, step.level);
    // Not before somebody may skip: from then on the kernel side wakes the reader for bulk.
    if (step.level != CaptureLevel::kFull) kernel.expect_skips();
    Record record;
    record.type = RecordType::kLevel;
    record.time_ns = now_ns;
    record.pid = step.pid;
    record.level = step.level;
    record.of_all = step.of_all;
    record.spent = step.spent;
    record.budget = step.budget;
    steps_.push_back(record);
  }
  if (now_ns - shown_ns_ >= kNsPerSecond) show_counted(kernel, now_ns, tell);
}

// Calls that began before the level was set have ended by then, so that all they delivered is in
// the ring.
void BudgetKeeper::show_counted(const KernelSide& kernel, uint64_t now_ns, const Tell& tell) {
  shown_ns_ = now_ns;
  std::unordered_set<uint32_t> counted;
  budget_.for_each_counted([&](uint32_t pid, uint64_t since_ns) {
    if (now_ns - since_ns >= kNsPerSecond) counted.insert(pid);
  });
  std::unordered_map<uint64_t, uint64_t> shown;  // those that are there no more are forgotten
  if (!counted.empty()) {
    kernel.for_each_stream([&](const qtap_stream_key& key, const qtap_stream& stream) {
      const uint64_t bytes = stream.budget[0] + stream.budget[1];
      if (!counted.contains(key.tgid) || bytes == 0 || shown.size() >= kMaxShown) return;
      shown[stream.stream_id] = bytes;
      const auto before = shown_.find(stream.stream_id);
      if (before == shown_.end() || before->second != bytes) tell(key, stream);
    });
  }
  shown_ = std::move(shown);
}

void BudgetKeeper::on_exit(KernelSide& kernel, uint32_t pid) {
  budget_.forget(pid);
  kernel.forget_process(pid);
}

}  // namespace qtap::probe
