// SPDX-License-Identifier: Apache-2.0
// The live source itself, behind live_source.h: only the live*.cc files include this.
// In: a kernel, through KernelSide, its rings and its tables. Out: Record, in the order of what
// happened, each process introduced before its first record.
// The session owns it and calls it from the thread that polls; it owns the parts below. What is
// dropped is counted by the kernel side and told as kLoss before a tick.
//
//   live_source.cc     CONFIGURED -- start --> RUNNING -- stop --> STOPPED (poll drains what is
//   left) live_libraries.cc  finds TLS libraries and attaches probes: at start, by exec, by mmap,
//   by use live_poll.cc       delivers records and ticks live_totals.cc     makes the records that
//   came through no ring
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "probe/budget_keeper.h"
#include "probe/kernel_side.h"
#include "probe/live_source.h"
#include "probe/map_events.h"
#include "probe/older_sockets.h"
#include "probe/process_cache.h"
#include "probe/ring_set.h"
#include "probe/ssl_attacher.h"
#include "probe/waker.h"

namespace qtap::probe {

class Live final : public LiveSource {
 public:
  Live(const LiveOptions& options, std::unique_ptr<Waker> waker);
  ~Live() override { stop(); }

  const source::Origin& origin() const override { return origin_; }
  Status start() override;
  Result<int> poll(source::RecordSink& sink, int max_records) override;
  // A quarter of the ring is for what comes while the caller makes up its mind.
  bool has_room() const override {
    return !ring_ || ring_->fullest() < options_.ring_bytes / 4 * 3;
  }
  int fd() const override { return waker_->fd(); }
  void expect_skips() override { kernel_->expect_skips(); }
  void skip(uint64_t stream_id, Direction direction, uint64_t until, SkipCause cause) override {
    kernel_->skip(stream_id, direction, until, cause);
  }
  bool exhausted() const override { return false; }
  void stop() override;
  std::vector<std::string> warnings() const override;
  std::vector<std::string> attached() const override;
  size_t attach_lines() const override;

 private:
  // live_libraries.cc: which TLS libraries there are, and where they get their probes.
  void find_libraries();
  void look_into_all();
  void look_into_maps_of(uint32_t pid);
  void learn_library(uint32_t pid, const FoundLibrary& found, uint64_t looked_ns);
  void attach_what_was_mapped();
  void look_for_libraries(uint64_t now_ns);
  void note(const Record& record);

  // live_poll.cc: what is told next, and in which order.
  const Record* introduction_before(const Record& record);
  void prepare(Record& record);
  std::optional<Record> new_losses(uint64_t now_ns);
  template <typename Deliver>
  void deliver_tick(uint64_t now_ns, const bool& full, Deliver& deliver);

  // live_totals.cc: what comes in no ring: ends, and totals of what did not end.
  void housekeeping(uint64_t now_ns);
  void sweep_streams(uint64_t now_ns);
  void sweep_flows(uint64_t now_ns);
  void fetch_unsent_ends();
  void keep_budget(uint64_t now_ns);
  void tell_totals(uint64_t now_ns);
  void tell_later(const Record& record) { late_.push_back({ring_->written(), record}); }

  static uint64_t boot_ns();  // CLOCK_BOOTTIME, as the records have it

  LiveOptions options_;
  source::Origin origin_;
  std::unique_ptr<Waker> waker_;
  std::unique_ptr<KernelSide> kernel_;
  std::unique_ptr<SslAttacher> ssl_;
  std::unique_ptr<OlderSockets> older_;
  std::unique_ptr<MapEvents> map_events_;
  std::optional<RingSet> ring_;
  BudgetKeeper budget_;
  ProcessCache processes_;

  bool started_ = false;
  bool stopped_ = false;
  bool finding_older_ = false;
  bool tick_due_ = false;
  bool losses_due_ = false;  // they come before the tick, once: a tick must get through
  uint64_t busy_ns_ = 0;     // the last look that found something
  uint64_t told_ns_ = 0;     // the latest time that was told: time does not go back
  uint32_t exec_pid_ = 0;    // its EXEC was delivered, who it is was not
  uint64_t exec_ns_ = 0;
  LossTotals told_losses_;
  std::vector<std::string> warnings_;

  struct PendingMaps {
    uint32_t pid;
    uint64_t due_ns;
  };
  std::vector<PendingMaps> pending_maps_;
  bool maps_overflowed_ = false;
  std::unordered_set<uint32_t> speaks_tls_;  // processes whose maps were read because of that
  std::unordered_map<uint32_t, uint64_t> ended_images_;  // pid -> when its image ended
  uint64_t swept_ns_ = 0;
  uint64_t swept_all_ns_ = 0;
  uint64_t swept_flows_ns_ = 0;
  uint64_t flows_made_ = 0;  // when the table was walked last, and ...
  size_t flows_left_ = 0;    // ... how many it held then

  // Records that did not come through the ring: each is due behind what is in the ring now.
  struct Late {
    RingSet::Positions after;
    Record record;
  };
  std::deque<Late> late_;
  std::deque<uint32_t> news_of_;  // processes to be introduced once more
  bool totals_told_ = false;
};

}  // namespace qtap::probe
