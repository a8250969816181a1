// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_setup.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "bpf/shared/config.h"
#include "bpf/shared/records.h"
#include "bpf/shared/state.h"

// The generated header needs the types of the program's globals first.
#include <qtap_bpf.skel.h>

namespace qtap::probe {
namespace {

// Processes whose cost is known at once; those that did nothing for longest are forgotten first.
constexpr uint32_t kBudgetProcesses = 8192;

// Linux 6.6 knows the link type and refuses our directory with EBADF; older kernels do not know it
// (EINVAL).
bool kernel_has_uprobe_multi() {
  const UniqueFd program = load_empty_uprobe("qtap_probe");
  if (!program) return false;
  const unsigned long offset = 0;
  bpf_link_create_opts create = {};
  create.sz = sizeof(create);
  create.uprobe_multi.path = "/";
  create.uprobe_multi.offsets = &offset;
  create.uprobe_multi.cnt = 1;
  const int link = bpf_link_create(program.get(), -1, BPF_TRACE_UPROBE_MULTI, &create);
  if (link >= 0) close(link);
  return link == -EBADF;
}

bool tracing_helper(bpf_func_id helper) {
  return libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, helper, nullptr) == 1;
}

void choose_programs(qtap_bpf& skeleton, const KernelFeatures& features) {
  const bool multi = features.uprobe_multi;
  const bool loop = features.bpf_loop;
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
  use(skeleton.progs.find_listeners, features.iterators);
  use(skeleton.progs.find_older, features.iterators);
}

Result<std::vector<UniqueFd>> make_rings(const KernelSettings& settings, const LibbpfLog& log) {
  std::vector<UniqueFd> rings;
  for (uint32_t i = 0; i < settings.rings; ++i) {
    const int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "qtap_ring", 0, 0,
                                  static_cast<uint32_t>(settings.ring_bytes), nullptr);
    if (fd < 0) return start_error("make a ring buffer", errno, log);
    rings.emplace_back(fd);
  }
  return rings;
}

}  // namespace

Error start_error(const char* what, int error, const LibbpfLog& log) {
  const int status = error == EPERM || error == EACCES ? QTAP_ERR_PERM : QTAP_ERR_IO;
  std::string text = std::string("start live capture: ") + what + ": " + strerror(error);
  if (const std::string reason = log.reason(); !reason.empty()) text += ": " + reason;
  if (error == EPERM)
    text += "; run as root, outside of user namespaces, or grant CAP_BPF and CAP_PERFMON";
  return {"QT042", status, std::move(text)};
}

uint64_t recursion_misses(const bpf_program* program) {
  bpf_prog_info info = {};
  uint32_t info_bytes = sizeof(info);
  const int fd = bpf_program__fd(program);
  if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &info_bytes) != 0) return 0;
  return info.recursion_misses;
}

UniqueFd load_empty_uprobe(const char* name) {
  const bpf_insn insns[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
  };
  bpf_prog_load_opts load = {};
  load.sz = sizeof(load);
  load.expected_attach_type = BPF_TRACE_UPROBE_MULTI;
  return UniqueFd(bpf_prog_load(BPF_PROG_TYPE_KPROBE, name, "GPL", insns, std::size(insns), &load));
}

KernelFeatures KernelFeatures::find(const KernelSettings& settings) {
  KernelFeatures features;
  features.uprobe_multi = !settings.without_uprobe_multi && kernel_has_uprobe_multi();
  features.bpf_loop = !settings.without_bpf_loop && tracing_helper(BPF_FUNC_loop);
  // The BPF allocator came together with this helper.
  features.sparse_maps = tracing_helper(BPF_FUNC_user_ringbuf_drain);
  return features;
}

Result<std::vector<UniqueFd>> set_up(qtap_bpf& skeleton, const KernelSettings& settings,
                                     const KernelFeatures& features, const LibbpfLog& log) {
  qtap_bpf_config& config = skeleton.rodata->config;
  config.self_pid = settings.self_pid;
  config.hello_bytes = settings.hello_bytes;
  config.unknown_bytes = settings.unknown_bytes;
  config.max_call_bytes = settings.max_call_bytes;
  // An eighth leaves room for what comes until the reader runs.
  config.wake_bytes = static_cast<uint32_t>(settings.ring_bytes / 8);
  config.rings = settings.rings;
  config.budgets = settings.budgets ? 1 : 0;
  config.trap_ns = settings.trap_ns;
  if (settings.budgets) {
    bpf_map__set_max_entries(skeleton.maps.cost_by_tgid, kBudgetProcesses);
    bpf_map__set_max_entries(skeleton.maps.level_by_tgid, kBudgetProcesses);
  }
  config.task_storage = features.uprobe_multi ? 1 : 0;  // both are there from 6.6 on

  bpf_map__set_autocreate(skeleton.maps.ssl_calls_of_task, config.task_storage != 0);
  bpf_map__set_autocreate(skeleton.maps.exit_copy_of_task, config.task_storage != 0);
  bpf_map__set_autocreate(skeleton.maps.ssl_calls_by_thread, config.task_storage == 0);
  // Entries on demand start faster and take no memory while idle.
  if (features.sparse_maps) {
    for (bpf_map* map : {skeleton.maps.state_by_sock, skeleton.maps.stream_by_ssl,
                         skeleton.maps.ssl_calls_by_thread, skeleton.maps.payload_by_thread,
                         skeleton.maps.listeners, skeleton.maps.udp_flows}) {
      bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC);
    }
  }
  // Three quarters: new connections find room, however many are idle.
  skeleton.bss->older.left = std::min<uint64_t>(
      settings.max_older, bpf_map__max_entries(skeleton.maps.state_by_sock) / 4 * 3);
  choose_programs(skeleton, features);

  QTAP_TRY(std::vector<UniqueFd> rings, make_rings(settings, log));
  bpf_map__set_max_entries(skeleton.maps.rings, settings.rings);
  bpf_map__set_inner_map_fd(skeleton.maps.rings, rings[0].get());
  return rings;
}

Status put_rings(const qtap_bpf& skeleton, const std::vector<UniqueFd>& rings,
                 const LibbpfLog& log) {
  for (uint32_t i = 0; i < rings.size(); ++i) {
    const int fd = rings[i].get();
    if (bpf_map_update_elem(bpf_map__fd(skeleton.maps.rings), &i, &fd, BPF_ANY) != 0) {
      return start_error("set up the ring buffers", errno, log);
    }
  }
  return {};
}

}  // namespace qtap::probe
