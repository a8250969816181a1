/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layer 0: what differs between architectures and kernels. */
#ifndef QTAP_COMPAT_H
#define QTAP_COMPAT_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

/* A global function, the same in each object that includes it: the linker keeps one. */
#define VERIFIED_ONCE __weak __noinline

/*
 * A kernel function that may be missing: declare it __ksym __weak. bpftool 7 cannot link two objects that
 * name the same one, so each says which it is behind three underscores, which libbpf ignores (1.3).
 */
#define KFUNC_OF(name, object) name##___##object
#define KFUNC_IN(name, object) KFUNC_OF(name, object)
#define KFUNC(name) KFUNC_IN(name, QTAP_OBJECT)

#define IS_TGID(pid_tgid, pid) ((__u32)((pid_tgid) >> 32) == (pid))

/* Syscall numbers of the 64-bit ABI. */
#if defined(__TARGET_ARCH_x86) /* arch/x86/entry/syscalls/syscall_64.tbl */
enum syscall_nr {
	NR_read = 0,
	NR_write = 1,
	NR_mmap = 9,
	NR_readv = 19,
	NR_writev = 20,
	NR_sendfile = 40,
	NR_connect = 42,
	NR_accept = 43,
	NR_sendto = 44,
	NR_recvfrom = 45,
	NR_sendmsg = 46,
	NR_recvmsg = 47,
	NR_splice = 275,
	NR_accept4 = 288,
	NR_recvmmsg = 299,
	NR_sendmmsg = 307,
};
#define SYSCALL_NR(regs) ((__u32)(regs)->orig_ax)
/* What a call instruction pushes: at a return probe the stack pointer is that much above its value at entry.
 */
#define CALL_PUSHES 8
#elif defined(__TARGET_ARCH_arm64) /* include/uapi/asm-generic/unistd.h */
enum syscall_nr {
	NR_read = 63,
	NR_write = 64,
	NR_readv = 65,
	NR_writev = 66,
	NR_sendfile = 71,
	NR_splice = 76,
	NR_accept = 202,
	NR_connect = 203,
	NR_sendto = 206,
	NR_recvfrom = 207,
	NR_sendmsg = 211,
	NR_recvmsg = 212,
	NR_mmap = 222,
	NR_accept4 = 242,
	NR_recvmmsg = 243,
	NR_sendmmsg = 269,
};
#define SYSCALL_NR(regs) ((__u32)(regs)->syscallno)
#define CALL_PUSHES 0
#else
#error "this architecture has no syscall numbers here"
#endif

/*
 * A 32-bit program uses other syscall numbers, so its calls cannot be told apart here. x86: TS_COMPAT is set
 * while such a call runs (arch/x86/include/asm/thread_info.h).
 */
static __always_inline int is_compat_call(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(task, thread_info.status) & 0x0002;
#else
	return BPF_CORE_READ(task, thread_info.flags) & (1UL << 22); /* TIF_32BIT */
#endif
}

/* bpf_get_socket_cookie() for tracing programs came with 5.12, as did bpf_check_mtu(), whose id is easy to
 * test. */
static __always_inline int has_socket_cookie(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_check_mtu);
}

#endif /* QTAP_COMPAT_H */
