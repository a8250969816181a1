// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/clock.h"
#include "sink/builtin.h"
#include "sink/file_io.h"
#include "sink/rotated_file.h"

namespace qtap::sink {
namespace {

using Sync = EventFileOptions::Sync;

constexpr int64_t kSyncIntervalNs = 1'000'000'000;

class FileEvents final : public Sink {
 public:
  FileEvents(std::string id, const EventFileOptions& options)
      : id_(std::move(id)),
        sync_(options.sync),
        file_(options.path, {.max_bytes = options.rotate_bytes,
                             .max_age_ns = options.rotate_age_ns,
                             .keep = options.rotate_keep}) {}

  Status open() { return file_.open(); }

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return false; }
  Status put_event(const Ref<Event>& event) override {
    size_t taken = 0;
    return put_events(std::span(&event, 1), taken);
  }
  bool batches_events() const override { return true; }
  Status put_events(std::span<const Ref<Event>> events, size_t& taken) override;
  Status put_object(const Ref<Object>&) override { return {}; }
  std::string locate(const Object&) const override { return {}; }
  Status flush(int) override;
  void close() override { static_cast<void>(sync_now()); }  // there is nobody to tell any more

 private:
  // Of `events`, those that the file takes before it is full; at least one.
  size_t fill(std::span<const Ref<Event>> events);
  Status sync_now();

  std::string id_;
  Sync sync_;
  RotatedFile file_;
  std::string lines_;
  int64_t synced_ns_ = 0;
  bool is_unsynced_ = false;
  Status sync_error_;  // which the kernel tells only once
};

size_t FileEvents::fill(std::span<const Ref<Event>> events) {
  lines_.clear();
  size_t count = 0;
  do {
    lines_.append(events[count++]->json).append(1, '\n');
  } while (count < events.size() && lines_.size() + events[count]->json.size() < file_.room());
  return count;
}

Status FileEvents::put_events(std::span<const Ref<Event>> events, size_t& taken) {
  taken = 0;
  QTAP_CHECK(file_.follow());
  while (taken < events.size()) {
    if (file_.is_due(events[taken]->json.size() + 1, clock_ns(CLOCK_REALTIME))) {
      QTAP_CHECK(sync_now());
      QTAP_CHECK(file_.rotate());
    }
    const std::span<const Ref<Event>> left = events.subspan(taken);
    const size_t count = fill(left);
    size_t written = 0;
    Status status = file_.append(lines_, written);
    is_unsynced_ |= written > 0;
    if (status.ok()) {
      taken += count;
      continue;
    }
    for (size_t end = 0; taken < events.size(); ++taken) {
      end += events[taken]->json.size() + 1;
      if (end > written) break;
    }
    return status;
  }
  const bool is_due = sync_ == Sync::kAlways ||
                      (sync_ == Sync::kInterval && monotonic_ns() - synced_ns_ >= kSyncIntervalNs);
  // The lines are in the file: an error of the disk is told by the next flush, not by refusing
  // them.
  if (is_due) {
    Status synced = sync_now();
    if (synced.ok()) {
      synced_ns_ = monotonic_ns();
    } else if (sync_error_.ok()) {
      sync_error_ = std::move(synced);
    }
  }
  return {};
}

Status FileEvents::flush(int) {
  Status synced = sync_now();
  return sync_error_.ok() ? std::move(synced) : std::exchange(sync_error_, Status());
}

Status FileEvents::sync_now() {
  if (sync_ == Sync::kNever || !is_unsynced_) return {};
  QTAP_CHECK(file_.sync());
  is_unsynced_ = false;
  return {};
}

}  // namespace

Result<std::unique_ptr<Sink>> make_file_events(std::string id, EventFileOptions options) {
  if (const size_t slash = options.path.rfind('/'); slash != std::string::npos && slash > 0) {
    QTAP_CHECK(make_dirs(options.path.substr(0, slash)));
  }
  auto sink = std::make_unique<FileEvents>(std::move(id), options);
  QTAP_CHECK(sink->open());
  return std::unique_ptr<Sink>(std::move(sink));
}

}  // namespace qtap::sink
