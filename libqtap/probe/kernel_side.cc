// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_side.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/libbpf_log.h"

// The generated header needs the types of the program's globals first.
#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

static_assert(kLossCauses == QTAP_LOSS_CAUSES);

// In batches: walking key by key starts over whenever the key it stands on is deleted meanwhile.
template <typename Key, typename Visit>
void for_each_entry(int fd, size_t value_bytes, const Visit& visit) {
  constexpr uint32_t kBatch = 1024;
  const size_t stride = (value_bytes + 7) / 8;  // as 64-bit words, so that values are aligned
  std::vector<Key> keys(kBatch);
  std::vector<uint64_t> values(kBatch * stride);
  uint32_t position = 0;
  bool first = true;
  int error = 0;
  while (error == 0) {
    uint32_t count = kBatch;
    error = bpf_map_lookup_batch(fd, first ? nullptr : &position, &position, keys.data(),
                                 values.data(), &count, nullptr);
    first = false;
    if (error != 0 && error != -ENOENT) return;  // ENOENT: the last batch
    for (uint32_t i = 0; i < count; ++i) visit(keys[i], values.data() + i * stride);
  }
}

template <typename Value>
std::vector<Value> take_all(int fd) {
  std::vector<Value> values;
  std::vector<uint64_t> keys;
  for_each_entry<uint64_t>(fd, sizeof(Value), [&](uint64_t key, const void* value) {
    values.push_back(*static_cast<const Value*>(value));
    keys.push_back(key);
  });
  for (const uint64_t key : keys) bpf_map_delete_elem(fd, &key);
  return values;
}

}  // namespace

// Nobody needs iterators to go on: a kernel that refuses them is asked again without.
Result<std::unique_ptr<KernelSide>> KernelSide::load(const KernelSettings& settings) {
  std::unique_ptr<KernelSide> side(new KernelSide());
  side->libbpf_print_ = settings.libbpf_print;
  side->exit_copies_use_ = settings.exit_copies;
  if (settings.without_iterators) side->iterators_refused_ = strerror(EOPNOTSUPP);
  Status loaded = side->load_programs(settings);
  if (!loaded.ok() && side->iterators_refused_.empty()) {
    side->iterators_refused_ = loaded.error().text;
    loaded = side->load_programs(settings);
  }
  if (!loaded.ok()) return Error(std::move(loaded).error());
  side->cpus_ = libbpf_num_possible_cpus();
  if (side->cpus_ <= 0) {
    return start_error("count the CPUs", EIO, LibbpfLog(settings.libbpf_print));
  }
  return side;
}

Status KernelSide::load_programs(const KernelSettings& settings) {
  const LibbpfLog log(settings.libbpf_print);
  qtap_bpf__destroy(skeleton_);
  ring_fds_.clear();
  skeleton_ = qtap_bpf__open();
  if (skeleton_ == nullptr) return start_error("open the kernel programs", errno, log);
  qtap_bpf& skeleton = *skeleton_;
  if (skeleton.rodata->record_version != QTAP_RECORD_VERSION) {
    return Error{"QT062", QTAP_ERR_INTERNAL,
                 "start live capture: the kernel programs were built for another record layout"};
  }
  features_ = KernelFeatures::find(settings);
  features_.iterators = iterators_refused_.empty();
  QTAP_TRY(ring_fds_, set_up(skeleton, settings, features_, log));
  const int error = qtap_bpf__load(&skeleton);
  if (error != 0) return start_error("load the kernel programs", -error, log);
  return put_rings(skeleton, ring_fds_, log);
}

KernelSide::~KernelSide() {
  detach();
  qtap_bpf__destroy(skeleton_);
}

Status KernelSide::attach_tracepoints() {
  const LibbpfLog log(libbpf_print_);
  // The order matters little; the calls come last so that sockets are known when their bytes are.
  bpf_program* programs[] = {
      skeleton_->progs.on_exec,
      skeleton_->progs.on_exit,
      skeleton_->progs.on_sock_destroy,
      skeleton_->progs.on_sock_state,
      features_.bpf_loop ? skeleton_->progs.on_sys_exit : skeleton_->progs.on_sys_exit_bounded,
  };
  for (bpf_program* program : programs) {
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) {
      const std::string what = std::string("attach ") + bpf_program__section_name(program);
      return start_error(what.c_str(), errno, log);
    }
    links_.add(link);
  }
  QTAP_TRY(exit_copies_,
           ExitCopies::attach(*skeleton_, exit_copies_use_ != ExitCopiesUse::kAsNeeded, log));
  if (exit_copies_use_ == ExitCopiesUse::kAlone) links_.drop_last();
  return {};
}

void KernelSide::detach() {
  if (exit_copies_) exit_copies_->detach();
  links_.clear();
}

void KernelSide::set_wake(uint32_t wake) {
  __atomic_store_n(&skeleton_->bss->ring_wake, wake, __ATOMIC_SEQ_CST);
}

void KernelSide::expect_skips() {
  __atomic_store_n(&skeleton_->bss->reader_skips, 1, __ATOMIC_SEQ_CST);
}

// A full table or a stream that has ended: its bytes come, which is right as well.
void KernelSide::skip(uint64_t stream_id, Direction direction, uint64_t until, SkipCause cause) {
  const int fd = bpf_map__fd(skeleton_->maps.skip_by_stream);
  qtap_skip skip = {};
  bpf_map_lookup_elem(fd, &stream_id, &skip);
  skip.until[index(direction)] = until;
  skip.by_budget[index(direction)] = cause == SkipCause::kBudget ? 1 : 0;
  bpf_map_update_elem(fd, &stream_id, &skip, BPF_ANY);
}

std::vector<Budget::Cost> KernelSide::costs() const {
  std::vector<Budget::Cost> costs;
  for_each_entry<uint32_t>(bpf_map__fd(skeleton_->maps.cost_by_tgid), sizeof(qtap_cost),
                           [&](uint32_t pid, const void* value) {
                             costs.push_back({pid, static_cast<const qtap_cost*>(value)->ns});
                           });
  return costs;
}

// No room: the process goes on at full, and is found over its budget again.
void KernelSide::set_level(uint32_t pid, CaptureLevel level) {
  const int fd = bpf_map__fd(skeleton_->maps.level_by_tgid);
  const auto value = static_cast<uint32_t>(level);
  if (level == CaptureLevel::kFull) {
    bpf_map_delete_elem(fd, &pid);
  } else {
    bpf_map_update_elem(fd, &pid, &value, BPF_ANY);
  }
}

// What it took is not what the next process with its pid takes.
void KernelSide::forget_process(uint32_t pid) {
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.level_by_tgid), &pid);
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.cost_by_tgid), &pid);
}

const bpf_program* KernelSide::ssl_exit_program() const {
  if (features_.uprobe_multi) return skeleton_->progs.on_ssl_exit_multi;
  return features_.bpf_loop ? skeleton_->progs.on_ssl_exit : skeleton_->progs.on_ssl_exit_bounded;
}

LossTotals KernelSide::losses() const {
  LossTotals totals;
  std::vector<qtap_loss> per_cpu(static_cast<size_t>(cpus_));
  const int fd = bpf_map__fd(skeleton_->maps.loss_by_cause);
  for (uint32_t cause = 0; cause < kLossCauses; ++cause) {
    if (bpf_map_lookup_elem(fd, &cause, per_cpu.data()) != 0) continue;
    for (const qtap_loss& loss : per_cpu) {
      totals.records[cause] += loss.records;
      totals.bytes[cause] += loss.bytes;
    }
  }
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton_->obj) {
    uint64_t missed = recursion_misses(program);
    if (program == skeleton_->progs.on_sys_exit && exit_copies_) {
      missed = exit_copies_->missed(missed);
    }
    totals.records[QTAP_LOSS_MISSED] += missed;
  }
  return totals;
}

void KernelSide::for_each_stream(
    const std::function<void(const qtap_stream_key&, const qtap_stream&)>& visit) const {
  for_each_entry<qtap_stream_key>(bpf_map__fd(skeleton_->maps.stream_by_ssl), sizeof(qtap_stream),
                                  [&](const qtap_stream_key& key, const void* value) {
                                    visit(key, *static_cast<const qtap_stream*>(value));
                                  });
}

void KernelSide::remove_stream(const qtap_stream_key& key) {
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.stream_by_ssl), &key);
}

void KernelSide::for_each_socket(const std::function<void(const qtap_socket&)>& visit) const {
  for_each_entry<uint64_t>(bpf_map__fd(skeleton_->maps.state_by_sock),
                           bpf_map__value_size(skeleton_->maps.state_by_sock),
                           [&](uint64_t, const void* value) {
                             qtap_socket socket;  // the beginning of struct sock_state
                             memcpy(&socket, value, sizeof(socket));
                             visit(socket);
                           });
}

uint64_t KernelSide::flows_made() const {
  return __atomic_load_n(&skeleton_->bss->udp_flows_made, __ATOMIC_RELAXED);
}

void KernelSide::for_each_flow(
    const std::function<void(const qtap_udp_key&, const qtap_udp_flow&)>& visit) const {
  for_each_entry<qtap_udp_key>(bpf_map__fd(skeleton_->maps.udp_flows), sizeof(qtap_udp_flow),
                               [&](const qtap_udp_key& key, const void* value) {
                                 visit(key, *static_cast<const qtap_udp_flow*>(value));
                               });
}

void KernelSide::remove_flow(const qtap_udp_key& key) {
  bpf_map_delete_elem(bpf_map__fd(skeleton_->maps.udp_flows), &key);
}

UnsentEnds KernelSide::take_unsent_ends() {
  UnsentEnds ends;
  const uint64_t kept = __atomic_load_n(&skeleton_->bss->ends_kept, __ATOMIC_ACQUIRE);
  if (kept == ends_taken_) return ends;  // walking a table costs more than a look
  ends_taken_ = kept;
  ends.closes = take_all<qtap_unsent_close>(bpf_map__fd(skeleton_->maps.unsent_closes));
  ends.streams = take_all<qtap_rec_count>(bpf_map__fd(skeleton_->maps.unsent_stream_ends));
  return ends;
}

}  // namespace qtap::probe
