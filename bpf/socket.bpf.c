// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Birth and death of TCP sockets, from the kernel's own state: right for dup, fork, exit and io_uring, where
 * counting close() calls would not be.
 *
 * CLOSE is written when the socket is destroyed, not when it reaches TCP_CLOSE: a program may still read what
 * arrived before (half-closed connections, resets).
 */
#include "socket.h"

static __always_inline void sock_gone(__u64 sk)
{
	struct sock_state *st = sock_find(sk);

	if (!st)
		return;
	/* Its DATA alone makes a connection of it, if OPEN was lost. */
	if (st->opened || st->now.bytes[0] || st->now.bytes[1])
		emit_close(sk);
	bpf_map_delete_elem(&state_by_sock, &sk);
}

/* A connect() of ours has its answer; accepted sockets come to the table later. */
static __always_inline void sock_established(__u64 sk)
{
	struct sock_state *st = sock_find(sk);

	if (!st || !st->start_ns)
		return;
	st->established_ns = bpf_ktime_get_boot_ns();
	if (st->in_progress)
		sock_open(sk, st->fd);
}

/* The address as a number: functions that are verified once take no pointers. */
static __always_inline __u64 address_of(struct sock *sk)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &sk);
	return address;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_sock_state, struct sock *sk, int oldstate, int newstate)
{
	if (newstate != TCP_SYN_SENT && newstate != TCP_ESTABLISHED)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (has_socket_cookie())
		bpf_get_socket_cookie(sk); /* assigns one, which sock_open() then finds */
	if (newstate == TCP_SYN_SENT) {
		sock_gone(address_of(sk)); /* connected again after a failure */
		if (!is_self(bpf_get_current_pid_tgid()))
			sock_add(address_of(sk), QTAP_ROLE_CLIENT, bpf_ktime_get_boot_ns());
	}
	if (newstate == TCP_ESTABLISHED)
		sock_established(address_of(sk));
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_sock_destroy, struct sock *sk)
{
	sock_gone(address_of(sk));
	return 0;
}
