/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TLS capturers usually do, as the yardstick: probes on the public functions, the arguments of
 * a call kept in a hash map by thread until it returns, its bytes by way of a scratch buffer into
 * one ring, and a wakeup of the reader whenever the kernel thinks that it may sleep.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "records.h"

char LICENSE[] SEC("license") = "GPL"; /* the helpers ask for it */

struct call {
  __u64 buf;
  __u64 done; /* where an _ex function writes how much it moved; 0 = the result says it */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, struct call);
} call_by_thread SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct record);
} scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20);
} ring SEC(".maps");

__u64 lost = 0;

static __always_inline int enter(struct pt_regs* ctx, __u64 done) {
  __u64 thread = bpf_get_current_pid_tgid();
  struct call call = {.buf = PT_REGS_PARM2(ctx), .done = done};

  bpf_map_update_elem(&call_by_thread, &thread, &call, BPF_ANY);
  return 0;
}

static __always_inline int leave(struct pt_regs* ctx, __u32 direction) {
  __u64 thread = bpf_get_current_pid_tgid(), moved = 0;
  struct call* found = bpf_map_lookup_elem(&call_by_thread, &thread);
  __s32 result = (__s32)PT_REGS_RC(ctx);
  __u32 zero = 0;
  struct record* record = bpf_map_lookup_elem(&scratch, &zero);
  struct call call;
  __u64 copied;

  if (!found || !record) return 0;
  call = *found;
  bpf_map_delete_elem(&call_by_thread, &thread);
  if (result <= 0) return 0;
  moved = (__u32)result;
  if (call.done && bpf_probe_read_user(&moved, sizeof(moved), (void*)call.done)) return 0;
  copied = moved;
  asm volatile("" : "+r"(copied)); /* or clang forgets what the verifier has to see */
  if (copied > MAX_COPIED) copied = MAX_COPIED;
  record->head.time_ns = bpf_ktime_get_ns();
  record->head.pid = thread >> 32;
  record->head.tid = (__u32)thread;
  record->head.len = moved;
  record->head.copied = copied;
  record->head.direction = direction;
  bpf_get_current_comm(record->head.comm, sizeof(record->head.comm));
  if (bpf_probe_read_user(record->data, copied, (void*)call.buf) ||
      bpf_ringbuf_output(&ring, record, sizeof(record->head) + copied, 0))
    __sync_fetch_and_add(&lost, 1);
  return 0;
}

#define PROGRAM(section, name, call)           \
  SEC(section) int name(struct pt_regs* ctx) { \
    return call;                               \
  }

PROGRAM("uprobe", enter_plain, enter(ctx, 0))
PROGRAM("uprobe", enter_ex, enter(ctx, PT_REGS_PARM4(ctx)))
PROGRAM("uretprobe", leave_write, leave(ctx, SENT))
PROGRAM("uretprobe", leave_read, leave(ctx, RECEIVED))
