// SPDX-License-Identifier: Apache-2.0
#include "probe/live_source.h"

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <utility>

#include "probe/kernel_check.h"
#include "probe/live.h"

namespace qtap::probe {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

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

}  // namespace

Live::Live(const LiveOptions& options, std::unique_ptr<Waker> waker)
    : options_(options),
      origin_(make_origin(options)),
      waker_(std::move(waker)),
      budget_(options.budget),
      processes_(options.proc_root, options.etc_root + "/passwd") {}

uint64_t Live::boot_ns() {
  return clock_ns(CLOCK_BOOTTIME);
}

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
    ssl_->defer_custom_bios();
  }
  if (!options_.tls.empty()) find_libraries();
  swept_ns_ = swept_all_ns_ = boot_ns();
  waker_->wake_after(0);
  return {};
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
