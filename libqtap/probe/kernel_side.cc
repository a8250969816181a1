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

Error failed(const char* what, int error, const LibbpfLog& log) {
  const int status = error == EPERM || error == EACCES ? QTAP_ERR_PERM : QTAP_ERR_IO;
  std::string text = std::string("start live capture: ") + what + ": " + strerror(error);
  if (const std::string reason = log.reason(); !reason.empty()) text += ": " + reason;
  if (error == EPERM)
    text += "; run as root, outside of user namespaces, or grant CAP_BPF and CAP_PERFMON";
  return {"QT042", status, std::move(text)};
}

// Linux 6.6 knows the link type and refuses our directory with EBADF; older kernels do not know it
// (EINVAL).
bool kernel_has_uprobe_multi() {
  const bpf_insn insns[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  bpf_prog_load_opts load = {};
  load.sz = sizeof(load);
  load.expected_attach_type = BPF_TRACE_UPROBE_MULTI;
  const int program =
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "qtap_probe", "GPL", insns, std::size(insns), &load);
  if (program < 0) return false;
  const unsigned long offset = 0;
  bpf_link_create_opts create = {};
  create.sz = sizeof(create);
  create.uprobe_multi.path = "/";
  create.uprobe_multi.offsets = &offset;
  create.uprobe_multi.cnt = 1;
  const int link = bpf_link_create(program, -1, BPF_TRACE_UPROBE_MULTI, &create);
  if (link >= 0) close(link);
  close(program);
  return link == -EBADF;
}

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

void Links::clear() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  links_.clear();
}

Result<std::unique_ptr<KernelSide>> KernelSide::load(const KernelSettings& settings) {
  std::unique_ptr<KernelSide> side(new KernelSide());
  side->libbpf_print_ = settings.libbpf_print;
  const LibbpfLog log(settings.libbpf_print);
  side->skeleton_ = qtap_bpf__open();
  if (side->skeleton_ == nullptr) return failed("open the kernel programs", errno, log);
  qtap_bpf& skeleton = *side->skeleton_;
  if (skeleton.rodata->record_version != QTAP_RECORD_VERSION) {
    return Error{"QT062", QTAP_ERR_INTERNAL,
                 "start live capture: the kernel programs were built for another record layout"};
  }
  skeleton.rodata->config.self_pid = settings.self_pid;
  skeleton.rodata->config.hello_bytes = settings.hello_bytes;
  skeleton.rodata->config.unknown_bytes = settings.unknown_bytes;
  skeleton.rodata->config.max_call_bytes = settings.max_call_bytes;
  // An eighth leaves room for what comes until the reader runs.
  skeleton.rodata->config.wake_bytes = static_cast<uint32_t>(settings.ring_bytes / 8);
  bpf_map__set_max_entries(skeleton.maps.ring, static_cast<uint32_t>(settings.ring_bytes));

  side->uprobe_multi_ = !settings.without_uprobe_multi && kernel_has_uprobe_multi();
  side->bpf_loop_ = !settings.without_bpf_loop &&
                    libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, nullptr) == 1;
  // Entries on demand start faster and take no memory while idle; tracing programs may do so since
  // the BPF allocator (6.1), which came together with this helper.
  if (libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_user_ringbuf_drain, nullptr) == 1) {
    for (bpf_map* map : {skeleton.maps.state_by_sock, skeleton.maps.stream_by_ssl,
                         skeleton.maps.ssl_calls_by_thread, skeleton.maps.payload_by_thread}) {
      bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC);
    }
  }
  const bool multi = side->uprobe_multi_;
  const bool loop = side->bpf_loop_;
  const auto use = [](bpf_program* program, bool wanted) {
    bpf_program__set_autoload(program, wanted);
  };
  use(skeleton.progs.on_ssl_enter_multi, multi);
  use(skeleton.progs.on_ssl_exit_multi, multi);
  use(skeleton.progs.on_ssl_write_enter, !multi);
  use(skeleton.progs.on_ssl_read_enter, !multi);
  use(skeleton.progs.on_ssl_write_ex_enter, !multi);
  use(skeleton.progs.on_ssl_read_ex_enter, !multi);
  use(skeleton.progs.on_ssl_write_ex2_enter, !multi);
  use(skeleton.progs.on_ssl_handshake_enter, !multi);
  use(skeleton.progs.on_ssl_free_enter, !multi);
  use(skeleton.progs.on_ssl_clear_enter, !multi);
  use(skeleton.progs.on_bio_write, !multi);
  use(skeleton.progs.on_ssl_exit, !multi && loop);
  use(skeleton.progs.on_ssl_exit_bounded, !multi && !loop);
  use(skeleton.progs.on_sys_exit, loop);
  use(skeleton.progs.on_sys_exit_bounded, !loop);

  const int error = qtap_bpf__load(&skeleton);
  if (error != 0) return failed("load the kernel programs", -error, log);
  side->cpus_ = libbpf_num_possible_cpus();
  if (side->cpus_ <= 0) return failed("count the CPUs", EIO, log);
  return side;
}

KernelSide::~KernelSide() {
  links_.clear();
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
      bpf_loop_ ? skeleton_->progs.on_sys_exit : skeleton_->progs.on_sys_exit_bounded,
  };
  for (bpf_program* program : programs) {
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) {
      const std::string what = std::string("attach ") + bpf_program__section_name(program);
      return failed(what.c_str(), errno, log);
    }
    links_.add(link);
  }
  return {};
}

void KernelSide::detach() {
  links_.clear();
}

int KernelSide::ring_fd() const {
  return bpf_map__fd(skeleton_->maps.ring);
}

void KernelSide::set_wake(uint32_t wake) {
  __atomic_store_n(&skeleton_->bss->ring_wake, wake, __ATOMIC_SEQ_CST);
}

void KernelSide::expect_skips() {
  __atomic_store_n(&skeleton_->bss->reader_skips, 1, __ATOMIC_SEQ_CST);
}

// A full table or a stream that has ended: its bytes come, which is right as well.
void KernelSide::skip(uint64_t stream_id, Direction direction, uint64_t until) {
  const int fd = bpf_map__fd(skeleton_->maps.skip_by_stream);
  qtap_skip skip = {};
  bpf_map_lookup_elem(fd, &stream_id, &skip);
  skip.until[index(direction)] = until;
  bpf_map_update_elem(fd, &stream_id, &skip, BPF_ANY);
}

const bpf_program* KernelSide::ssl_exit_program() const {
  if (uprobe_multi_) return skeleton_->progs.on_ssl_exit_multi;
  return bpf_loop_ ? skeleton_->progs.on_ssl_exit : skeleton_->progs.on_ssl_exit_bounded;
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
    bpf_prog_info info = {};
    uint32_t info_bytes = sizeof(info);
    const int program_fd = bpf_program__fd(program);
    if (program_fd >= 0 && bpf_prog_get_info_by_fd(program_fd, &info, &info_bytes) == 0) {
      totals.records[QTAP_LOSS_MISSED] += info.recursion_misses;  // 5.12
    }
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
