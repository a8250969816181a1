// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Socket calls, at their end only: the registers still hold the arguments, and calls that began before we
 * came (a server that waits in read()) are seen too. One tracepoint for all calls: it attaches and detaches
 * in a fraction of a millisecond and needs no tracefs; a tracepoint per call takes 8 ms and 68 ms each
 * (measured on 6.18).
 *
 * From 7.x on the tracepoint can be preempted. The kernel lets a program run once per CPU at a time, so while
 * a task is preempted in it the calls of others miss it. Copies of it are attached behind it and take those:
 * a number that is kept with the thread tells which.
 */
#include "mapped.h"
#include "socket.h"
#include "udp.h"

#define MSG_PEEK 0x2 /* include/linux/socket.h */
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000
#define EINPROGRESS 115

/* A connection was made: by us or to us. */
static __always_inline void on_connection(__u64 sk, int fd, __u8 role)
{
	if (!sock_find(sk))
		sock_add(sk, role, 0);
	sock_open(sk, fd);
}

/*
 * A non-blocking connect() returned. Over loopback the handshake has ended by now; else OPEN is written when
 * it does, and never if it fails.
 */
static __always_inline void on_connecting(__u64 sk, int fd)
{
	struct sock_state *st = sock_find(sk);

	if (!st) /* began before we came: its first bytes tell */
		return;
	st->fd = fd;
	st->in_progress = 1;
	barrier(); /* the other side, sock_established(), writes and looks in the opposite order */
	if (st->established_ns)
		sock_open(sk, fd);
}

/* sendmmsg, recvmmsg: how many bytes those messages have. TCP programs hardly use more than one, so only the
 * first is copied, and the bytes of the others are counted. */
VERIFIED_ONCE int mmsg_bytes(__u64 vec, __u64 messages)
{
	__u32 bytes = 0;

	for (__u32 i = 0; i < MMSG_MAX; i++) {
		__u32 len = 0;

		if (i >= messages)
			break;
		bpf_probe_read_user(&len, sizeof(len), (void *)(vec + i * MMSGHDR_SIZE + MMSGHDR_LEN));
		bytes += len;
	}
	return bytes;
}

static __always_inline struct sock *sock_of_call(struct task_struct *task, __s32 fd, int loop, __u32 *kind)
{
	return loop && has_direct_loads() ? sock_of_fd_direct(fd, kind) : sock_of_fd(task, fd, kind);
}

/* Datagrams; what is only peeked at, or reports an error, is none. */
static __always_inline void on_udp_call(__u64 sk, __u32 nr, struct pt_regs *regs, __u64 moved,
					__u32 direction)
{
	__u64 seg = PT_REGS_PARM2_SYSCALL(regs), first = PT_REGS_PARM3_SYSCALL(regs), flags = 0;

	if (nr == NR_sendto || nr == NR_recvfrom || nr == NR_sendmmsg || nr == NR_recvmmsg)
		flags = PT_REGS_PARM4_SYSCALL(regs);
	else if (nr == NR_sendmsg || nr == NR_recvmsg)
		flags = first;
	if (direction == QTAP_RECEIVED && (flags & (MSG_PEEK | MSG_ERRQUEUE)))
		return;
	if (first > moved)
		first = moved;
	switch (nr) {
	case NR_sendto:
	case NR_recvfrom:
		udp_moved(sk, PT_REGS_PARM5_SYSCALL(regs), seg, moved | first << 32, direction);
		break;
	case NR_read:
	case NR_write:
		udp_moved(sk, 0, seg, moved | first << 32, direction);
		break;
	case NR_readv:
	case NR_writev:
		udp_vector(sk, 0, seg, moved, direction);
		break;
	case NR_sendmsg:
	case NR_recvmsg:
		udp_message(sk, seg, moved, direction);
		break;
	case NR_sendmmsg:
	case NR_recvmmsg:
		udp_messages(sk, seg, moved | (direction == QTAP_RECEIVED ? UDP_RECEIVED : 0));
		break;
	}
}

/* The kernel keeps a task on its CPU while a program runs: by this count where it could be preempted, and by
 * disabling preemption before that. */
static __always_inline int is_preemptible(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return bpf_core_field_exists(task->migration_disabled) && BPF_CORE_READ(task, migration_disabled);
}

#define FIRST_COPY 1
#define LAST_COPY 4

/*
 * Whether this copy of the program is the one that handles the call. Each leaves its number, and the last one
 * none: a lower number is of this call, and says that it is taken; the own one or a higher one is of an
 * earlier call, whose later copies were missed. So nobody takes a call only if each of them was missed by
 * some call.
 */
static __always_inline int takes_call(__u32 copy)
{
	__u32 *last, before;

	if (!config.task_storage || !has_exit_copies)
		return copy == FIRST_COPY;
	last = bpf_task_storage_get(&exit_copy_of_task, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!last) {
		if (copy == LAST_COPY)
			count_loss(QTAP_LOSS_MAP_FULL, 0);
		return 0; /* never two */
	}
	before = *last;
	*last = copy == LAST_COPY ? 0 : copy;
	if (before && before < copy)
		return 0;
	if (copy != FIRST_COPY)
		__sync_fetch_and_add(&taken_by_copies, 1);
	return 1;
}

static __always_inline int on_syscall(struct pt_regs *regs, long ret, int loop, __u32 copy)
{
	struct task_struct *task;
	struct sock_io io = {};
	__u64 pid_tgid, began, msg[2] = {}, flags = 0;
	__u32 nr = SYSCALL_NR(regs), kind = 0;

	switch (nr) {
	case NR_read:
	case NR_readv:
	case NR_recvfrom:
	case NR_recvmsg:
	case NR_recvmmsg:
		io.direction = QTAP_RECEIVED;
		break;
	case NR_write:
	case NR_writev:
	case NR_sendto:
	case NR_sendmsg:
	case NR_sendmmsg:
	case NR_sendfile:
	case NR_splice:
		io.direction = QTAP_SENT;
		break;
	case NR_connect:
		if (ret && ret != -EINPROGRESS)
			return 0;
		break;
	case NR_accept:
	case NR_accept4:
		if (ret < 0)
			return 0;
		break;
	case NR_mmap:
		if (ret <= 0 || !(PT_REGS_PARM3_CORE_SYSCALL(regs) & PROT_EXEC))
			return 0;
		break;
	default:
		return 0;
	}
	pid_tgid = bpf_get_current_pid_tgid();
	if (is_self(pid_tgid)) {
		if (copy == FIRST_COPY && is_preemptible())
			calls_are_preemptible = 1;
		return 0;
	}
	if (!takes_call(copy))
		return 0;
	if (nr == NR_mmap) {
		code_mapped(PT_REGS_PARM5_CORE_SYSCALL(regs));
		return 0;
	}
	began = cost_begins();
	task = (struct task_struct *)bpf_get_current_task();
	if (is_compat_call(task))
		return 0;

	io.fd = PT_REGS_PARM1_SYSCALL(regs);
	if (nr == NR_accept || nr == NR_accept4)
		io.fd = ret;
	else if (nr == NR_splice)
		io.fd = PT_REGS_PARM3_SYSCALL(regs);
	io.sk = sock_of_call(task, io.fd, loop, &kind);
	if (!io.sk && nr == NR_splice) {
		io.direction = QTAP_RECEIVED;
		io.fd = PT_REGS_PARM1_SYSCALL(regs);
		io.sk = sock_of_call(task, io.fd, loop, &kind);
	}
	if (!io.sk)
		return 0;
	if (kind == KIND_UDP) {
		if (nr == NR_connect || nr == NR_accept || nr == NR_accept4 || ret <= 0)
			return 0;
		on_udp_call((__u64)io.sk, nr, regs, ret, io.direction);
		if (config.budgets)
			charge(pid_tgid >> 32, began, 0);
		return 0;
	}
	if (nr == NR_connect && ret) {
		on_connecting((__u64)io.sk, io.fd);
		return 0;
	}
	if (nr == NR_connect) {
		on_connection((__u64)io.sk, io.fd, QTAP_ROLE_CLIENT);
		return 0;
	}
	if (nr == NR_accept || nr == NR_accept4) {
		on_connection((__u64)io.sk, io.fd, QTAP_ROLE_SERVER);
		return 0;
	}

	io.bytes = ret > 0 ? ret : 0;
	io.user_sp = PT_REGS_SP(regs);
	switch (nr) {
	case NR_recvfrom:
	case NR_sendto:
		flags = PT_REGS_PARM4_SYSCALL(regs);
		/* fallthrough */
	case NR_read:
	case NR_write:
		io.seg = PT_REGS_PARM2_SYSCALL(regs);
		io.seg_left = io.bytes;
		break;
	case NR_readv:
	case NR_writev:
		io.iov = PT_REGS_PARM2_SYSCALL(regs);
		io.iovs_left = PT_REGS_PARM3_SYSCALL(regs);
		break;
	case NR_recvmsg:
	case NR_sendmsg:
		flags = PT_REGS_PARM3_SYSCALL(regs);
		bpf_probe_read_user(msg, sizeof(msg), (void *)(PT_REGS_PARM2_SYSCALL(regs) + MSGHDR_IOV));
		io.iov = msg[0];
		io.iovs_left = msg[1];
		break;
	case NR_recvmmsg:
	case NR_sendmmsg:
		flags = PT_REGS_PARM4_SYSCALL(regs);
		/* Its segments end where the message does, unless others were received behind it: those begin
		 * in their own segments, whether or not the first one's are full. */
		if (nr == NR_sendmmsg || ret == 1)
			bpf_probe_read_user(msg, sizeof(msg),
					    (void *)(PT_REGS_PARM2_SYSCALL(regs) + MSGHDR_IOV));
		io.iov = msg[0];
		io.iovs_left = msg[1];
		io.bytes = (__u32)mmsg_bytes(PT_REGS_PARM2_SYSCALL(regs), io.bytes);
		break;
	}
	if (io.direction == QTAP_RECEIVED && (flags & (MSG_PEEK | MSG_ERRQUEUE)))
		io.bytes = 0; /* they come again, or are no payload */
	if (io.direction == QTAP_RECEIVED && (flags & MSG_TRUNC)) {
		io.seg = io.seg_left = 0; /* thrown away by the kernel, tcp(7) */
		io.iovs_left = 0;
	}
	sock_io_done(&io, pid_tgid, loop);
	if (config.budgets)
		charge(pid_tgid >> 32, began, 0);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	return on_syscall(regs, ret, 1, FIRST_COPY);
}

/* User space loads these when it has to. */
#define EXIT_COPY(name, copy)                                                                                \
	SEC("?tp_btf/sys_exit")                                                                              \
	int BPF_PROG(name, struct pt_regs *regs, long ret)                                                   \
	{                                                                                                    \
		return on_syscall(regs, ret, 1, copy);                                                       \
	}

EXIT_COPY(on_sys_exit_2, 2)
EXIT_COPY(on_sys_exit_3, 3)
EXIT_COPY(on_sys_exit_4, LAST_COPY)

/* Before bpf_loop() (5.17). */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit_bounded, struct pt_regs *regs, long ret)
{
	return on_syscall(regs, ret, 0, FIRST_COPY);
}
