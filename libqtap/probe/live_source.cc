// SPDX-License-Identifier: Apache-2.0
#include "probe/live_source.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/budget_keeper.h"
#include "probe/kernel_check.h"
#include "probe/kernel_side.h"
#include "probe/library_finder.h"
#include "probe/map_events.h"
#include "probe/older_sockets.h"
#include "probe/process_cache.h"
#include "probe/process_files.h"
#include "probe/ring_set.h"
#include "probe/ssl_attacher.h"
#include "probe/waker.h"
#include "source/record_decode.h"

namespace qtap::probe {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;
// A new image maps its libraries within this time after exec, or we see them at its first TLS
// bytes.
constexpr uint64_t kMapsDelayNs = 100'000'000;
constexpr size_t kMaxPendingMaps = 4096;
// Streams of processes that have ended.
constexpr uint64_t kEndedSweepNs = 250'000'000;
// And of those whose end we were not told about (lost records).
constexpr uint64_t kSweepNs = 30 * kNsPerSecond;

uint64_t clock_ns(clockid_t clock) {
  timespec t = {};
  clock_gettime(clock, &t);
  return static_cast<uint64_t>(t.tv_sec) * kNsPerSecond + static_cast<uint64_t>(t.tv_nsec);
}

source::Origin make_origin(const LiveOptions& options) {
  source::Origin origin;
  origin.boot_to_unix_ns =
      static_cast<int64_t>(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME));
  origin.id_seed = options.id_seed;
  while (origin.id_seed == 0) {
    if (getrandom(&origin.id_seed, sizeof(origin.id_seed), 0) != sizeof(origin.id_seed)) {
      origin.id_seed = clock_ns(CLOCK_BOOTTIME);
    }
  }
  origin.hostname = options.hostname;
  if (origin.hostname.empty()) {
    std::array<char, 256> name = {};
    if (gethostname(name.data(), name.size() - 1) == 0) origin.hostname = name.data();
  }
  origin.instance = options.instance;
  if (origin.instance.empty()) {
    constexpr char kHex[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4)
      origin.instance += kHex[(origin.id_seed >> shift) & 15];
  }
  return origin;
}

Record totals_of(RecordType type, uint32_t pid, const qtap_stream& stream, uint64_t now_ns) {
  Record record;
  record.type = type;
  record.time_ns = now_ns;
  record.pid = pid;
  record.conn_key = stream.conn_key;
  record.stream_id = stream.stream_id;
  record.late = stream.from_start == 0 && stream.handshake_us == 0;
  for (size_t d = 0; d < 2; ++d) {
    record.total_bytes[d] = stream.offset[d];
    record.filtered_bytes[d] = stream.filtered[d];
    record.over_budget_bytes[d] = stream.budget[d];
  }
  return record;
}

class Live final : public LiveSource {
 public:
  Live(const LiveOptions& options, std::unique_ptr<Waker> waker)
      : options_(options),
        origin_(make_origin(options)),
        waker_(std::move(waker)),
        budget_(options.budget),
        processes_(options.proc_root, options.etc_root + "/passwd") {}
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
  void find_libraries();
  void look_into_all();
  void look_into_maps_of(uint32_t pid);
  void attach_what_was_mapped();
  const Record* introduction_before(const Record& record);
  void note(const Record& record);
  void prepare(Record& record);
  std::optional<Record> new_losses(uint64_t now_ns);
  template <typename Deliver>
  void deliver_tick(uint64_t now_ns, const bool& full, Deliver& deliver);
  void housekeeping(uint64_t now_ns);
  void look_for_libraries(uint64_t now_ns);
  void sweep_streams(uint64_t now_ns);
  void fetch_unsent_ends();
  void keep_budget(uint64_t now_ns);
  void tell_totals(uint64_t now_ns);
  void tell_later(const Record& record) { late_.push_back({ring_->written(), record}); }

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

  // Records that did not come through the ring: each is due behind what is in the ring now.
  struct Late {
    RingSet::Positions after;
    Record record;
  };
  std::deque<Late> late_;
  std::deque<uint32_t> news_of_;  // processes to be introduced once more
  bool totals_told_ = false;
};

Status Live::start() {
  if (started_) return Error{"QT059", QTAP_ERR_STATE, "start live capture: it was started before"};
  QTAP_CHECK(check_machine(options_.sys_root, options_.proc_root));

  KernelSettings settings;
  settings.ring_bytes = options_.ring_bytes;
  settings.rings = options_.rings;
  settings.self_pid = options_.self_pid;
  settings.hello_bytes = options_.hello_bytes;
  settings.unknown_bytes = options_.unknown_bytes;
  settings.max_call_bytes = options_.max_call_bytes;
  if (budget_.on()) {
    std::string warning = budget_.prepare(settings);
    if (!warning.empty()) warnings_.push_back(std::move(warning));
  }
  settings.without_uprobe_multi = options_.without_uprobe_multi;
  settings.without_bpf_loop = options_.without_bpf_loop;
  settings.without_iterators = options_.without_iterators;
  settings.exit_copies = options_.exit_copies;
  settings.max_older = options_.max_older;
  settings.libbpf_print = options_.libbpf_print;
  QTAP_TRY(auto kernel, KernelSide::load(settings));
  if (!options_.tls.empty() && !kernel->has_uprobe_multi()) {
    QTAP_CHECK(check_uprobe_permission(options_.proc_root));
  }
  std::vector<std::unique_ptr<Ring>> rings;
  for (const UniqueFd& fd : kernel->ring_fds()) {
    QTAP_TRY(auto ring, Ring::create(fd.get(), options_.ring_bytes));
    rings.push_back(std::move(ring));
    QTAP_CHECK(waker_->watch(fd.get()));
  }
  auto older = std::make_unique<OlderSockets>(*kernel);
  older->find_listeners();
  QTAP_CHECK(kernel->attach_tracepoints());
  QTAP_CHECK(waker_->start_ticks());

  kernel_ = std::move(kernel);
  ring_.emplace(std::move(rings));
  older_ = std::move(older);
  older_->begin(options_.ring_bytes);
  finding_older_ = older_->read_some();
  ssl_ = std::make_unique<SslAttacher>(
      *kernel_, options_.public_places ? PlaceChoice::kPublic : PlaceChoice::kCheapest);
  started_ = true;
  // Before processes are looked into: what is mapped after that is told.
  if (!options_.tls.empty() && options_.search_processes && options_.map_events) {
    QTAP_TRY(map_events_, MapEvents::create(*kernel_));
    QTAP_CHECK(waker_->watch(map_events_->fd()));
  }
  if (!options_.tls.empty()) find_libraries();
  swept_ns_ = swept_all_ns_ = clock_ns(CLOCK_BOOTTIME);
  waker_->wake_after(0);
  return {};
}

void Live::find_libraries() {
  const auto directories = options_.library_directories.empty()
                               ? linker_directories(options_.etc_root)
                               : options_.library_directories;
  for (const std::string& path : libraries_in(directories)) ssl_->attach(path, path);
  if (options_.search_processes) look_into_all();
  if (!ssl_->probes_ssl() && ssl_->warnings().empty()) {
    warnings_.push_back(
        "QT063: no OpenSSL library found (libssl.so.3, libssl.so.1.1) in the linker's directories "
        "or in running processes: TLS traffic is seen but not decrypted until a program that uses "
        "one starts");
  }
}

void Live::look_into_all() {
  for (const uint32_t pid : list_processes(options_.proc_root)) {
    if (pid != options_.self_pid) ssl_->attach_mapped(options_.proc_root, pid);
  }
}

// Before anything else: its first handshake may follow within a millisecond.
void Live::attach_what_was_mapped() {
  if (!map_events_ || stopped_) return;
  for (const uint32_t pid : map_events_->take()) look_into_maps_of(pid);
  if (map_events_->take_lost()) look_into_all();
}

void Live::look_into_maps_of(uint32_t pid) {
  const TlsLibrary found = ssl_->attach_mapped(options_.proc_root, pid);
  if (processes_.learn_tls_library(pid, found)) news_of_.push_back(pid);
}

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

// What a delivered record means for our own tables.
void Live::note(const Record& record) {
  const auto look_into_maps = [&](uint64_t due_ns) {
    if (options_.tls.empty() || !options_.search_processes) return;
    if (pending_maps_.size() < kMaxPendingMaps) {
      pending_maps_.push_back({record.pid, due_ns});
    } else if (!maps_overflowed_) {  // told once: a machine that does this does it all the time
      maps_overflowed_ = true;
      warnings_.push_back("QT064: more than " + std::to_string(kMaxPendingMaps) +
                          " processes started at once: TLS libraries that only the others map are "
                          "found when those speak TLS");
    }
  };
  // At once: a program with OpenSSL inside may speak before its libraries are mapped.
  const auto look_into_program = [&](uint32_t pid) {
    if (options_.tls.empty() || !options_.search_processes) return;
    const TlsLibrary found = ssl_->attach_executable(options_.proc_root, pid);
    if (found == TlsLibrary::kNone) return;  // libraries may follow
    if (processes_.learn_tls_library(pid, found)) news_of_.push_back(pid);
  };
  switch (record.type) {
    case RecordType::kExec:
      speaks_tls_.erase(record.pid);
      ended_images_[record.pid] = record.time_ns;
      look_into_program(record.pid);
      look_into_maps(record.time_ns + kMapsDelayNs);
      break;
    case RecordType::kExit:
      processes_.on_exit(record.pid);
      if (budget_.on()) budget_.on_exit(*kernel_, record.pid);
      speaks_tls_.erase(record.pid);
      ended_images_[record.pid] = record.time_ns;
      break;
    case RecordType::kData:
      // The hello of a first connection: whoever speaks TLS has mapped its library by now.
      if (record.tls && record.stream_kind == StreamKind::kSocket &&
          speaks_tls_.size() < kMaxPendingMaps && speaks_tls_.insert(record.pid).second) {
        look_into_maps(0);
      }
      break;
    default:
      break;
  }
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
    if (budget_.on() && !stopped_) keep_budget(clock_ns(CLOCK_BOOTTIME));
  }
  attach_what_was_mapped();  // after the descriptor's edges were taken: what comes now wakes again
  const uint64_t now_ns =
      clock_ns(CLOCK_BOOTTIME);  // everything before this is in the ring already
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

void Live::housekeeping(uint64_t now_ns) {
  if (finding_older_) {
    finding_older_ = older_->read_some();
    waker_->wake_after(0);
  }
  look_for_libraries(now_ns);
  const bool ended = !ended_images_.empty() && now_ns - swept_ns_ >= kEndedSweepNs;
  if (ended || now_ns - swept_all_ns_ >= kSweepNs) sweep_streams(now_ns);
}

void Live::look_for_libraries(uint64_t now_ns) {
  const auto due =
      std::partition(pending_maps_.begin(), pending_maps_.end(),
                     [&](const PendingMaps& pending) { return pending.due_ns > now_ns; });
  for (auto it = due; it != pending_maps_.end(); ++it) look_into_maps_of(it->pid);
  pending_maps_.erase(due, pending_maps_.end());
}

// Processes end without freeing their TLS objects.
void Live::sweep_streams(uint64_t now_ns) {
  const bool all = now_ns - swept_all_ns_ >= kSweepNs;
  swept_ns_ = now_ns;
  if (all) swept_all_ns_ = now_ns;
  std::vector<qtap_stream_key> dead;
  kernel_->for_each_stream([&](const qtap_stream_key& key, const qtap_stream& stream) {
    const auto ended = ended_images_.find(key.tgid);
    const bool stale = ended != ended_images_.end() && stream.created_ns <= ended->second;
    const bool gone =
        all && access((options_.proc_root + "/" + std::to_string(key.tgid)).c_str(), F_OK) != 0;
    if (!stale && !gone) return;
    dead.push_back(key);
    tell_later(totals_of(RecordType::kStreamEnd, key.tgid, stream, now_ns));
  });
  for (const qtap_stream_key& key : dead) kernel_->remove_stream(key);
  ended_images_.clear();
}

// First who they are, then what they said, then that they are gone: a socket waits for its stream.
void Live::fetch_unsent_ends() {
  const UnsentEnds ends = kernel_->take_unsent_ends();
  const auto tell = [&](const auto& layout) {
    const auto record = source::decode_record(
        {reinterpret_cast<const uint8_t*>(&layout), static_cast<size_t>(layout.h.size)});
    if (record.ok()) tell_later(*record);
  };
  for (const qtap_unsent_close& end : ends.closes) {
    if (end.open.h.size != 0) tell(end.open);
  }
  for (const qtap_rec_count& end : ends.streams) tell(end);
  for (const qtap_unsent_close& end : ends.closes) tell(end.close);
}

void Live::keep_budget(uint64_t now_ns) {
  budget_.on_tick(*kernel_, now_ns, [&](const qtap_stream_key& key, const qtap_stream& stream) {
    tell_later(totals_of(RecordType::kCount, key.tgid, stream, now_ns));
  });
}

// The end of the capture: what was lost last shows in no later record.
void Live::tell_totals(uint64_t now_ns) {
  totals_told_ = true;
  fetch_unsent_ends();
  kernel_->for_each_stream([&](const qtap_stream_key& key, const qtap_stream& stream) {
    if (stream.offset[0] + stream.offset[1] == 0) return;
    tell_later(totals_of(RecordType::kCount, key.tgid, stream, now_ns));
  });
  kernel_->for_each_socket([&](const qtap_socket& socket) {
    if (socket.bytes[0] + socket.bytes[1] == 0) return;
    Record record;
    record.type = RecordType::kCount;
    record.time_ns = now_ns;
    record.conn_key = record.stream_id = socket.conn_key;
    for (size_t d = 0; d < 2; ++d) {
      record.total_bytes[d] = socket.bytes[d];
      record.filtered_bytes[d] = socket.filtered[d];
      record.over_budget_bytes[d] = socket.budget[d];
    }
    tell_later(record);
  });
}

void Live::stop() {
  if (!started_ || stopped_) return;
  stopped_ = true;
  older_->stop();
  finding_older_ = false;
  ssl_->detach();
  kernel_->detach();
  waker_->stop_ticks();
  waker_->wake_after(0);
}

std::vector<std::string> Live::warnings() const {
  std::vector<std::string> all = warnings_;
  if (older_ && older_->warning()) all.push_back(*older_->warning());
  if (ssl_) all.insert(all.end(), ssl_->warnings().begin(), ssl_->warnings().end());
  return all;
}

std::vector<std::string> Live::attached() const {
  std::vector<std::string> all;
  if (started_) all = {"sockets: TCP", "processes: exec, exit"};
  if (ssl_) all.insert(all.end(), ssl_->attached().begin(), ssl_->attached().end());
  return all;
}

size_t Live::attach_lines() const {
  const size_t found = ssl_ ? ssl_->attached().size() + ssl_->warnings().size() : 0;
  const size_t older = older_ && older_->warning() ? 1 : 0;
  return warnings_.size() + older + found;
}

}  // namespace

Result<std::unique_ptr<source::Source>> LiveSource::create(const LiveOptions& options) {
  if (!std::has_single_bit(options.ring_bytes) || options.ring_bytes < kMinRingBytes ||
      options.ring_bytes > kMaxRingBytes) {
    return Error{"QT060", QTAP_ERR_INVALID,
                 "ring size " + std::to_string(options.ring_bytes) +
                     ": must be a power of two from 64 KiB to 1 GiB"};
  }
  for (const std::string& library : options.tls) {
    if (library != "openssl") {
      return Error{"QT061", QTAP_ERR_INVALID,
                   "TLS library \"" + library + "\" is not known; known: openssl"};
    }
  }
  QTAP_TRY(auto waker, Waker::create());
  return std::unique_ptr<source::Source>(new Live(options, std::move(waker)));
}

}  // namespace qtap::probe
