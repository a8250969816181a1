// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace qtap::test {
namespace {

constexpr int kDeadlineMs = 30000;

uint64_t boot_ns() {
  timespec t = {};
  clock_gettime(CLOCK_BOOTTIME, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(t.tv_nsec);
}

}  // namespace

Capture::Capture(const probe::LiveOptions& options) {
  auto created = probe::LiveSource::create(options);
  REQUIRE_MESSAGE(created.ok(), (created.ok() ? "" : created.error().text));
  source_ = *std::move(created);
  const Status started = source_->start();
  REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text));
}

bool Capture::on_record(const Record& record) {
  if (record.type == RecordType::kTick) {
    last_tick_ns_ = record.time_ns;
    return !one_at_a_time;
  }
  Kept kept;
  kept.record = record;
  kept.bytes.assign(record.bytes.begin(), record.bytes.end());
  kept.exe = record.exe;
  kept.comm = record.comm;
  kept.user = record.user;
  kept.cgroup = record.cgroup;
  kept.record.bytes = {};
  kept.record.exe = kept.record.comm = kept.record.user = kept.record.cgroup = {};
  records_.push_back(std::move(kept));
  return !one_at_a_time;
}

bool Capture::poll_until(const std::function<bool()>& done) {
  const uint64_t deadline = boot_ns() + uint64_t{kDeadlineMs} * 1'000'000;
  while (!done()) {
    if (boot_ns() > deadline) return false;
    pollfd wait = {source_->fd(), POLLIN, 0};
    ::poll(&wait, 1, 50);
    const auto result = source_->poll(*this, one_at_a_time ? 1 : 1000);
    REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().text));
  }
  return true;
}

void Capture::settle() {
  const uint64_t now = boot_ns();
  CHECK(poll_until([&] { return last_tick_ns_ > now; }));
}

void Capture::stop() {
  source_->stop();
  while (true) {
    const auto result = source_->poll(*this, 1000);
    REQUIRE(result.ok());
    if (*result == 0) return;
  }
}

std::vector<const Kept*> Capture::of(RecordType type, pid_t pid) const {
  std::vector<const Kept*> found;
  for (const Kept& kept : records_) {
    if (kept.record.type != type) continue;
    if (pid == 0 || kept.record.pid == static_cast<uint32_t>(pid)) found.push_back(&kept);
  }
  return found;
}

const Kept* Capture::first(RecordType type, pid_t pid) const {
  const auto all = of(type, pid);
  return all.empty() ? nullptr : all.front();
}

const Kept* Capture::close_of(uint64_t conn_key) const {
  for (const Kept* kept : of(RecordType::kClose)) {
    if (kept->record.conn_key == conn_key) return kept;
  }
  return nullptr;
}

Assembled Capture::assemble(uint64_t stream_id, Direction direction) const {
  Assembled result;
  std::string have;
  uint64_t next = 0;
  for (const Kept* kept : of(RecordType::kData)) {
    const Record& record = kept->record;
    if (record.stream_id != stream_id || record.direction != direction) continue;
    if (record.offset != next) result.contiguous = false;
    next = record.offset + record.full_len;
    if (result.bytes.size() < next) {
      result.bytes.resize(next, '?');
      have.resize(next, 0);
    }
    std::copy(kept->bytes.begin(), kept->bytes.end(),
              result.bytes.begin() + static_cast<ptrdiff_t>(record.offset));
    std::fill_n(have.begin() + static_cast<ptrdiff_t>(record.offset), kept->bytes.size(), 1);
  }
  result.missing = static_cast<uint64_t>(std::count(have.begin(), have.end(), 0));
  return result;
}

std::vector<uint64_t> Capture::streams(pid_t pid, StreamKind kind) const {
  std::vector<uint64_t> ids;
  for (const Kept* kept : of(RecordType::kData, pid)) {
    const Record& record = kept->record;
    if (record.stream_kind != kind) continue;
    if (std::find(ids.begin(), ids.end(), record.stream_id) == ids.end())
      ids.push_back(record.stream_id);
  }
  return ids;
}

uint64_t Capture::lost(size_t cause) const {
  const auto all = of(RecordType::kLoss);
  return all.empty() ? 0 : all.back()->record.lost_records[cause];
}

probe::LiveOptions live_options() {
  probe::LiveOptions result;
  result.self_pid = static_cast<uint32_t>(getpid());
  return result;
}

pid_t run(Capture& capture, const std::vector<std::string>& argv) {
  Child child(argv);
  CHECK(capture.poll_until([&] { return child.ended(); }));
  CHECK(
      capture.poll_until([&] { return capture.first(RecordType::kExit, child.pid()) != nullptr; }));
  capture.settle();
  return child.pid();
}

}  // namespace qtap::test
