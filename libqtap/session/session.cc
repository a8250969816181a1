// SPDX-License-Identifier: Apache-2.0
#include "session/session.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>

#include "base/clock.h"
#include "base/fd.h"
#include "session/attachments.h"
#include "session/budget_log.h"
#include "session/build.h"
#include "session/host.h"
#include "session/host_sink.h"
#include "session/outlet.h"
#include "session/shard.h"
#include "source/feed.h"
#include "source/recorder.h"

namespace qtap::session {
namespace {

// Records handled between two looks at the stop flag: short enough to stop in milliseconds, long
// enough not to matter.
constexpr int kBatch = 512;
// Records that one poll() handles at most, so that an embedding event loop gets its turn.
constexpr int kMaxPerPoll = 65536;

enum class State : uint8_t { kConfigured, kRunning, kStopping, kDone };

Error errno_error(const char* what) {
  return {"QT020", QTAP_ERR_IO, std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

class Session::Impl final : public source::RecordSink {
 public:
  Impl(Settings settings, Plugins plugins, Logger logger)
      : settings_(std::move(settings)),
        plugins_(std::move(plugins)),
        logger_(logger),
        decoding_(make_decoding(settings_)),
        outlet_(
            host_, [this] { signal(wake_fd_); },
            [this](const std::string& line) { log(QTAP_LOG_ERROR, line); }, STDOUT_FILENO,
            [this](const std::string& line) { log(QTAP_LOG_INFO, line); }) {}
  ~Impl() override;

  Status open_descriptors();
  Result<int> start();
  Result<int> poll(int timeout_ms);
  Status after_feed(Status status);
  Status check_feed() const;
  void publish_stats();

  bool on_record(const Record& record) override;

  static void signal(const UniqueFd& fd);

  Settings settings_;
  Plugins plugins_;  // the shard's, once there is one
  Logger logger_;
  Ref<Decoding> decoding_;
  Host host_;
  Outlet outlet_;

  State state_ = State::kConfigured;
  bool has_sinks_ = false;  // the configured ones are added
  std::unique_ptr<source::Source> source_;
  source::FeedSource* feed_ = nullptr;  // source_, when it is fed by hand
  std::unique_ptr<source::Recorder> recorder_;
  std::unique_ptr<Shard> shard_;
  std::string warning_;
  Attachments attachments_;
  BudgetLog budget_log_;
  uint64_t record_file_errors_ = 0;
  uint64_t records_corrupt_ = 0;

  std::atomic<bool> stop_{false};
  UniqueFd epoll_fd_;
  UniqueFd stop_fd_;  // readable from stop() on
  UniqueFd wake_fd_;  // readable while workers have events for the host

  mutable std::mutex stats_mutex_;
  qtap_stats stats_ = {};

 private:
  Status watch(int fd);
  Result<int> drain(int limit);
  void finish();
  void deliver_deferred();
  void tell_attachments();
  void tell_step(const Record& record);
  void log(int level, const std::string& text) const;
};

Session::Impl::~Impl() {
  if (source_) source_->stop();
  source_.reset();
  outlet_.close();
}

void Session::Impl::signal(const UniqueFd& fd) {
  const uint64_t one = 1;
  // A full counter is readable as well, which is all that matters.
  [[maybe_unused]] const ssize_t written = ::write(fd.get(), &one, sizeof one);
}

void Session::Impl::log(int level, const std::string& text) const {
  if (logger_.fn) logger_.fn(level, text.c_str(), logger_.user);
}

Status Session::Impl::watch(int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return errno_error("watch a descriptor");
  return {};
}

Status Session::Impl::open_descriptors() {
  epoll_fd_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  stop_fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  wake_fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_fd_ || !stop_fd_ || !wake_fd_) return errno_error("create the session's descriptors");
  QTAP_CHECK(watch(stop_fd_.get()));
  return watch(wake_fd_.get());
}

// What can fail comes first and leaves nothing behind: the session may be started again.
Result<int> Session::Impl::start() {
  if (state_ != State::kConfigured) {
    return Error{"QT021", QTAP_ERR_STATE, "start: the session was started before; make a new one"};
  }
  warning_.clear();
  QTAP_CHECK(check_record_file(settings_));
  QTAP_TRY(auto source,
           make_source(settings_, [this](const std::string& line) { log(QTAP_LOG_DEBUG, line); }));
  if (!has_sinks_) {
    QTAP_TRY(auto sinks, make_sinks(settings_, source->origin(), outlet_.console(),
                                    [this](const std::string& line) { log(QTAP_LOG_WARN, line); }));
    QTAP_CHECK(outlet_.add_sinks(std::move(sinks)));
    has_sinks_ = true;
  }
  QTAP_CHECK(source->start());
  if (source->fd() >= 0) QTAP_CHECK(watch(source->fd()));
  // Last, because it replaces what an earlier session may have recorded. When it fails, the source
  // takes its probes and its descriptor with it.
  std::unique_ptr<source::Recorder> recorder;
  if (!settings_.capture.record_file.empty()) {
    QTAP_TRY(recorder, source::Recorder::create(settings_.capture.record_file, source->origin()));
  }

  source_ = std::move(source);
  recorder_ = std::move(recorder);
  outlet_.open([this] { return source_->has_room(); });
  shard_ = std::make_unique<Shard>(
      settings_, std::move(plugins_.list), source_->origin(), host_, outlet_, decoding_,
      [this](uint64_t stream_id, Direction direction, uint64_t until, SkipCause cause) {
        source_->skip(stream_id, direction, until, cause);
      });
  if (shard_->may_skip()) source_->expect_skips();
  if (settings_.capture.source == CaptureSource::kFeed) {
    feed_ = static_cast<source::FeedSource*>(source_.get());
  }
  // A recording has no descriptor to wait for: it is always ready, and so is the session.
  if (settings_.capture.source == CaptureSource::kReplay) signal(wake_fd_);
  state_ = State::kRunning;
  for (const std::string& warning : settings_.warnings) log(QTAP_LOG_WARN, warning);
  for (const std::string& warning : plugins_.warnings) log(QTAP_LOG_WARN, warning);
  for (const std::string& warning : attachments_.update(*source_).warnings) {
    log(QTAP_LOG_WARN, warning);
    warning_ += (warning_.empty() ? "" : "; ") + warning;
  }
  publish_stats();
  return warning_.empty() ? QTAP_OK : QTAP_WARN_PARTIAL;
}

bool Session::Impl::on_record(const Record& record) {
  if (recorder_) {
    if (Status status = recorder_->append(record); !status.ok()) {
      if (record_file_errors_ == 0) log(QTAP_LOG_ERROR, message_of(status.error()));
      record_file_errors_ = recorder_->records_lost();
    }
  }
  shard_->on_record(record);
  if (record.type == RecordType::kLevel) tell_step(record);
  return !host_.failed();
}

Result<int> Session::Impl::drain(int limit) {
  int handled = 0;
  while (handled < limit) {
    QTAP_TRY(const int n, source_->poll(*this, std::min(kBatch, limit - handled)));
    handled += n;
    if (host_.failed()) return host_.take_failure();
    if (n == 0) break;
    if (stop_.load(std::memory_order_relaxed) && state_ == State::kRunning) break;
  }
  return handled;
}

// Events that workers made since the last look; clears the wake-up that they left.
void Session::Impl::deliver_deferred() {
  if (settings_.capture.source != CaptureSource::kReplay) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_fd_.get(), &count, sizeof count);
  }
  outlet_.deliver_deferred();
}

void Session::Impl::finish() {
  shard_->close();
  outlet_.kick();
  state_ = State::kDone;
  if (recorder_) {
    if (Status status = recorder_->close(); !status.ok()) {
      record_file_errors_ = recorder_->records_lost();
      log(QTAP_LOG_ERROR, message_of(status.error()));
    }
  }
  signal(stop_fd_);  // whoever watches the descriptor learns that it is over
}

// Programs that start during a capture bring libraries of their own.
void Session::Impl::tell_attachments() {
  const Attachments::News news = attachments_.update(*source_);
  for (const std::string& line : news.attached) log(QTAP_LOG_INFO, "attached " + line);
  for (const std::string& line : news.warnings) log(QTAP_LOG_WARN, line);
}

void Session::Impl::tell_step(const Record& record) {
  const std::string line = budget_log_.line(record, shard_->find_process(record.pid));
  if (!line.empty()) log(QTAP_LOG_WARN, line);
}

Result<int> Session::Impl::poll(int timeout_ms) {
  if (state_ == State::kConfigured) {
    return Error{"QT022", QTAP_ERR_STATE, "poll: the session is not started"};
  }
  deliver_deferred();
  if (state_ == State::kDone) {
    if (host_.failed()) return host_.take_failure();
    return 0;
  }
  const int64_t deadline_ns = monotonic_ns() + int64_t{timeout_ms} * 1'000'000;
  int handled = 0;
  for (;;) {
    if (stop_.load(std::memory_order_acquire) && state_ == State::kRunning) {
      source_->stop();
      state_ = State::kStopping;
    }
    Result<int> drained = drain(kMaxPerPoll - handled);
    outlet_.kick();
    publish_stats();
    tell_attachments();
    if (!drained.ok()) {
      if (drained.error().status == QTAP_ERR_CORRUPT) ++records_corrupt_;
      // A damaged recording ends here; what it held before is finished properly.
      if (source_->exhausted() && state_ != State::kDone) finish();
      publish_stats();
      return drained;
    }
    handled += *drained;
    const bool is_over = *drained == 0 && (state_ == State::kStopping || source_->exhausted());
    if (is_over) {
      finish();
      publish_stats();
      if (host_.failed()) return host_.take_failure();
      return handled;
    }
    deliver_deferred();
    if (host_.failed()) return host_.take_failure();
    if (handled > 0) return handled;
    if (stop_.load(std::memory_order_acquire) && state_ == State::kRunning) continue;
    int wait_ms = timeout_ms;
    if (timeout_ms >= 0) {
      const int64_t left_ns = deadline_ns - monotonic_ns();
      if (left_ns <= 0) return 0;
      wait_ms = static_cast<int>((left_ns + 999'999) / 1'000'000);
    }
    epoll_event events[4];
    if (::epoll_wait(epoll_fd_.get(), events, 4, wait_ms) < 0 && errno != EINTR) {
      return errno_error("wait for records");
    }
  }
}

Status Session::Impl::check_feed() const {
  if (feed_ && state_ == State::kRunning) return {};
  if (feed_) return Error{"QT023", QTAP_ERR_STATE, "feed: the session has stopped"};
  return Error{"QT024", QTAP_ERR_STATE, "feed: needs a started session with capture.source=feed"};
}

Status Session::Impl::after_feed(Status status) {
  outlet_.kick();
  publish_stats();
  if (host_.failed()) return host_.take_failure();
  return status;
}

void Session::Impl::publish_stats() {
  const conn::ConnCounters& conns = shard_->connections().counters();
  const ShardCounters& shard = shard_->counters();
  qtap_stats s = {};
  s.records = shard.records;
  s.bytes_seen = conns.bytes_seen;
  s.bytes_delivered = conns.bytes_delivered;
  s.bytes_lost = conns.bytes_lost;
  s.bytes_filtered = conns.bytes_filtered;
  s.tls_bytes_total = conns.tls_bytes_total;
  s.tls_bytes_decrypted = conns.tls_bytes_decrypted;
  s.bytes_lost_ring_full = conns.lost_by_cause[kLossRingFull];
  s.bytes_lost_fault = conns.lost_by_cause[kLossFault];
  s.bytes_lost_call_limit = conns.lost_by_cause[kLossCallLimit];
  s.bytes_lost_no_buffer = conns.lost_by_cause[kLossNoBuffer];
  s.bytes_lost_host = conns.lost_by_cause[kLossHost];
  s.bytes_lost_budget = conns.lost_by_cause[kLossBudget];
  s.budget_steps = shard.budget_steps;
  s.bytes_lost_other = s.bytes_lost - s.bytes_lost_ring_full - s.bytes_lost_fault -
                       s.bytes_lost_call_limit - s.bytes_lost_no_buffer - s.bytes_lost_host -
                       s.bytes_lost_budget;
  for (size_t cause = 0; cause < kLossCauses; ++cause) {
    uint64_t& counter = cause == kLossRingFull  ? s.lost_ring_full
                        : cause == kLossFault   ? s.lost_fault
                        : cause == kLossMapFull ? s.lost_map_full
                                                : s.lost_other;
    counter += shard.lost_records[cause];
  }
  s.records_corrupt = records_corrupt_;
  s.connections_open = shard_->connections().open();
  s.connections_total = conns.connections_total;
  s.connections_untracked = conns.untracked;
  s.transactions = conns.transactions;
  s.transactions_truncated = conns.transactions_truncated;
  s.gaps = conns.gaps;
  s.parse_errors = conns.parse_errors;
  s.limit_hits = conns.limit_hits;
  s.plugin_errors = shard.plugin_errors;
  s.rule_errors = shard_->rule_errors();
  s.record_file_errors = record_file_errors_;
  s.names_forgotten = shard_->names_forgotten();
  const std::lock_guard lock(stats_mutex_);
  stats_ = s;
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(const Config& config, Logger logger) {
  QTAP_TRY(Settings settings, resolve(config));
  QTAP_TRY(Plugins plugins, make_plugins(settings));
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(plugins), logger);
  QTAP_CHECK(impl->open_descriptors());
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

Status Session::set_callbacks(const qtap_callbacks& callbacks, void* user) {
  if (impl_->state_ != State::kConfigured) {
    return Error{"QT025", QTAP_ERR_STATE, "set callbacks: the session is started; set them before"};
  }
  impl_->host_.set(callbacks, user);
  return {};
}

Status Session::add_sink(const qtap_sink_ops& ops, void* user) {
  if (impl_->state_ != State::kConfigured) {
    return Error{"QT026", QTAP_ERR_STATE, "add sink: the session is started; add it before"};
  }
  std::vector<sink::StorePlan> plans;
  const Settings& settings = impl_->settings_;
  plans.push_back({std::make_unique<HostSink>(ops, user),
                   make_store_options(settings, settings.sink.delivery)});
  return impl_->outlet_.add_sinks(std::move(plans));
}

Result<int> Session::start() {
  return impl_->start();
}
const std::string& Session::warning() const {
  return impl_->warning_;
}
int Session::fd() const {
  return impl_->epoll_fd_.get();
}
Result<int> Session::poll(int timeout_ms) {
  return impl_->poll(timeout_ms);
}
bool Session::done() const {
  return impl_->state_ == State::kDone;
}
bool Session::in_callback() const {
  return impl_->host_.in_callback();
}
const std::vector<std::string>& Session::attached() const {
  return impl_->attachments_.attached();
}

Status Session::run() {
  while (!done()) {
    Result<int> handled = impl_->poll(/*timeout_ms=*/-1);
    if (!handled.ok()) return std::move(handled).error();
  }
  return {};
}

void Session::stop() {
  impl_->stop_.store(true, std::memory_order_release);
  Impl::signal(impl_->stop_fd_);
}

Status Session::flush(int timeout_ms) {
  if (timeout_ms < 0)
    timeout_ms = static_cast<int>(impl_->settings_.sink.flush_timeout_ns / 1'000'000);
  Status status = impl_->outlet_.flush(timeout_ms);
  impl_->outlet_.deliver_deferred();  // what was stored is told, whatever was not
  return status;
}

qtap_stats Session::stats() const {
  qtap_stats stats;
  {
    const std::lock_guard lock(impl_->stats_mutex_);
    stats = impl_->stats_;
  }
  impl_->outlet_.add_to(stats);
  const Decoding& decoding = *impl_->decoding_;
  stats.bodies_decoded = decoding.bodies;
  stats.decode_errors = decoding.errors;
  stats.decode_limit_hits = decoding.limit_hits;
  return stats;
}

Result<uint64_t> Session::feed_open(const Peer& peer, uint64_t time_ns) {
  QTAP_CHECK(impl_->check_feed());
  source::FeedPeer from;
  from.pid = peer.pid;
  from.uid = peer.uid;
  from.exe = peer.exe;
  from.comm = peer.comm;
  from.user = peer.user;
  from.container_id = peer.container_id;
  from.role = peer.role;
  from.local = peer.local;
  from.remote = peer.remote;
  from.tls = peer.is_tls;
  Result<uint64_t> id = impl_->feed_->open(*impl_, from, time_ns);
  QTAP_CHECK(impl_->after_feed(id.ok() ? Status() : Status(id.error())));
  return id;
}

Status Session::feed_data(uint64_t id, Direction direction, uint64_t time_ns,
                          std::span<const uint8_t> bytes) {
  QTAP_CHECK(impl_->check_feed());
  return impl_->after_feed(impl_->feed_->data(*impl_, id, direction, time_ns, bytes));
}

Status Session::feed_gap(uint64_t id, Direction direction, uint64_t len) {
  QTAP_CHECK(impl_->check_feed());
  return impl_->after_feed(impl_->feed_->gap(*impl_, id, direction, len));
}

Status Session::feed_close(uint64_t id, uint64_t time_ns) {
  QTAP_CHECK(impl_->check_feed());
  return impl_->after_feed(impl_->feed_->close(*impl_, id, time_ns));
}

Status Session::feed_tick(uint64_t time_ns) {
  QTAP_CHECK(impl_->check_feed());
  return impl_->after_feed(impl_->feed_->tick(*impl_, time_ns));
}

}  // namespace qtap::session
