// SPDX-License-Identifier: Apache-2.0
// What is told next: who somebody is before what he did, what came through no ring at its place
// among what did, losses before the tick.
#include <algorithm>
#include <utility>

#include "bpf/shared/state.h"
#include "probe/live.h"
#include "source/record_decode.h"

namespace qtap::probe {

// Before the first record of a process: who it is. Sockets are closed after their process has
// ended, so what ends them introduces nobody: /proc would tell about a zombie.
const Record* Live::introduction_before(const Record& record) {
  switch (record.type) {
    case RecordType::kOpen:
    case RecordType::kBind:
    case RecordType::kData:
    case RecordType::kCount:
      return record.pid == 0 ? nullptr : processes_.introduce(record.pid, record.time_ns);
    default:
      return nullptr;
  }
}

// Before a record is delivered: process start times as /proc tells them, so that they are
// comparable.
void Live::prepare(Record& record) {
  if (record.type != RecordType::kExec && record.type != RecordType::kExit) return;
  record.start_ns -= record.start_ns % kNsPerProcTick;
  if (record.type != RecordType::kExec) return;
  processes_.on_exec(record);
  exec_pid_ = record.pid;
  exec_ns_ = record.time_ns;
}

std::optional<Record> Live::new_losses(uint64_t now_ns) {
  const LossTotals losses = kernel_->losses();
  if (losses == told_losses_) return std::nullopt;
  told_losses_ = losses;
  Record record;
  record.type = RecordType::kLoss;
  record.time_ns = now_ns;
  record.lost_records = losses.records;
  record.lost_bytes = losses.bytes;
  return record;
}

Result<int> Live::poll(source::RecordSink& sink, int max_records) {
  if (!started_) return 0;
  const BudgetKeeper::Reading reading(budget_);
  // The poll before this one found no end of the records. Time goes on all the same, as far as what
  // was delivered tells: expiry, losses and late libraries do not wait for a quieter hour.
  bool overdue = tick_due_ && told_ns_ != 0 && !stopped_;
  if (waker_->take_tick()) {
    tick_due_ = losses_due_ = true;
    fetch_unsent_ends();
    if (budget_.on() && !stopped_) keep_budget(boot_ns());
  }
  attach_what_was_mapped();  // after the descriptor's edges were taken: what comes now wakes again
  const uint64_t now_ns = boot_ns();  // everything before this is in the ring already
  int delivered = 0;
  bool full = false;  // the sink wants no more, or max_records is reached
  bool drained = false;
  const auto deliver = [&](const Record& record) {
    const bool more = sink.on_record(record);
    told_ns_ = std::max(told_ns_, record.time_ns);
    ++delivered;
    full = !more || delivered >= max_records;
  };

  while (!full && !drained) {
    if (exec_pid_ != 0) {  // at once, while /proc still knows it
      const Record* introduction = processes_.introduce(exec_pid_, exec_ns_);
      exec_pid_ = 0;
      if (introduction != nullptr) deliver(*introduction);
      continue;
    }
    if (!news_of_.empty()) {
      const Record* introduction = processes_.introduce(news_of_.front(), now_ns);
      news_of_.pop_front();
      if (introduction != nullptr) deliver(*introduction);
      continue;
    }
    if (!budget_.steps().empty()) {
      deliver(budget_.steps().front());
      budget_.steps().pop_front();
      continue;
    }
    if (!late_.empty() && ring_->reached(late_.front().after)) {
      const Record& record = late_.front().record;
      if (const Record* introduction = introduction_before(record)) {
        deliver(*introduction);
        continue;
      }
      deliver(record);
      late_.pop_front();
      continue;
    }
    if (overdue) {
      overdue = false;
      deliver_tick(told_ns_, full, deliver);
      housekeeping(now_ns);
      continue;
    }
    const auto bytes = ring_->peek();
    if (!bytes) {
      if (stopped_ && !totals_told_) {
        tell_totals(now_ns);
        continue;
      }
      drained = true;
      break;
    }
    auto decoded = source::decode_record(*bytes);
    if (!decoded.ok()) {
      ring_->pop();
      waker_->wake_after(0);
      return Error(std::move(decoded).error());
    }
    Record& record = *decoded;
    if (const Record* introduction = introduction_before(record)) {
      deliver(*introduction);
      continue;  // the record itself is still in the ring
    }
    prepare(record);
    deliver(record);
    note(record);
    ring_->pop();
  }

  if (!drained) {
    waker_->wake_after(0);
    return delivered;
  }
  if (stopped_) {
    if (const auto loss = new_losses(now_ns)) deliver(*loss);
    return delivered;
  }
  if (delivered > 0) busy_ns_ = now_ns;
  if (now_ns - busy_ns_ < Waker::kSleepNs) {
    kernel_->set_wake(QTAP_WAKE_FULL);
    waker_->wake_after(Waker::kPollNs);
  } else {
    kernel_->set_wake(QTAP_WAKE_ANY);
    if (ring_->peek()) waker_->wake_after(0);  // came in between
  }
  if (tick_due_) deliver_tick(now_ns, full, deliver);
  housekeeping(now_ns);
  if (!late_.empty() || !news_of_.empty() || !budget_.steps().empty()) waker_->wake_after(0);
  return delivered;
}

template <typename Deliver>
void Live::deliver_tick(uint64_t now_ns, const bool& full, Deliver& deliver) {
  if (losses_due_) {
    losses_due_ = false;
    if (const auto loss = new_losses(now_ns)) deliver(*loss);
  }
  if (full) {  // the tick comes with the next poll
    waker_->wake_after(0);
    return;
  }
  tick_due_ = false;
  Record tick;
  tick.type = RecordType::kTick;
  tick.time_ns = now_ns;
  deliver(tick);
}

}  // namespace qtap::probe
