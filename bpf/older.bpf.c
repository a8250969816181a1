// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Connections that are older than the capture: iterators over the files of all processes, which user space
 * reads once. In: each file. Out: OPEN with QTAP_RF_LATE, and the entry in the table of sockets.
 *
 *   find_listeners  before the tracepoints are attached: where connections are accepted, which tells their
 * role find_older      after that, so that each socket that it adds is removed when it is destroyed
 *
 * The reader holds the file, so its socket is alive meanwhile. The record is reserved before the entry
 * exists: records come in the order of their reservation, so whatever else is said of the socket comes
 * behind.
 */
#include "socket.h"
#include "lib/probe.h"

SEC("iter/task_file")
int find_listeners(struct bpf_iter__task_file *ctx)
{
	struct qtap_listener at = {};
	struct file *file = ctx->file;
	struct sock *sk;
	__u8 one = 1;

	if (!file)
		return 0;
	sk = tcp_sock_of_file(file);
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_LISTEN)
		return 0;
	at.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	at.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (bpf_map_update_elem(&listeners, &at, &one, BPF_ANY))
		count_loss(QTAP_LOSS_MAP_FULL, 0);
	return 0;
}

/* Their file is there, so they can still be read or written, or tell of a reset. */
static __always_inline int is_connected(__u8 state)
{
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT;
}

/* Assigns one where the kernel lets us, as on_sock_state does. */
static __always_inline __u64 cookie_of(struct file *file, struct sock *sk)
{
	struct socket *socket;

	if (has_socket_cookie()) {
		socket = bpf_sock_from_file(file);
		if (socket && socket->sk)
			return bpf_get_socket_cookie(socket->sk);
	}
	return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

/* fill_header() spoke of whoever reads the iterator. */
static __always_inline void fill_older(struct qtap_rec_open *rec, const struct sock_state *st, __u32 fd)
{
	name_last_user(&rec->h, st);
	fill_open(rec, st);
	rec->fd = fd;
}

/* Once for each, whatever the passes and descriptors that it is met in. */
static __always_inline int not_listed(__u64 sk)
{
	__u8 one = 1;

	if (bpf_map_lookup_elem(&older_left_out, &sk))
		return 0;
	bpf_map_update_elem(&older_left_out, &sk, &one, BPF_ANY);
	older.left_out++;
	count_loss(QTAP_LOSS_MAP_FULL, 0);
	return 0;
}

SEC("iter/task_file")
int find_older(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct task_struct *task = ctx->task;
	struct sock_state st = {};
	struct qtap_rec_open *rec;
	struct sock *sk;
	__u64 key = 0;
	__u8 told = 0;

	if (!file || !task)
		return 0;
	st.tgid = BPF_CORE_READ(task, tgid);
	if (st.tgid == config.self_pid)
		return 0;
	sk = tcp_sock_of_file(file);
	if (!sk || !is_connected(BPF_CORE_READ(sk, __sk_common.skc_state)))
		return 0;
	bpf_probe_read_kernel(&key, sizeof(key), &sk);
	if (sock_find(key) || !read_addresses(&st, sk))
		return 0;
	if (!older.left)
		return not_listed(key);
	st.now.conn_key = new_key();
	st.counted_ns = bpf_ktime_get_boot_ns();
	st.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	st.cookie = cookie_of(file, sk);
	st.older = 1;
	st.role = was_accepted(&st) ? QTAP_ROLE_SERVER : QTAP_ROLE_CLIENT;
	if (!TRY_RESERVE(rec, QTAP_REC_OPEN, 0)) {
		older.untold++; /* user space asks again, when it has made room */
		return 0;
	}
	fill_older(rec, &st, ctx->fd);
	st.opened = 1;
	if (bpf_map_update_elem(&state_by_sock, &key, &st, BPF_NOEXIST)) {
		bpf_ringbuf_discard(rec, BPF_RB_NO_WAKEUP);
		return sock_find(key) ? 0 : not_listed(key); /* found: a call came first */
	}
	older.left--;
	submit(rec);
	bpf_seq_write(ctx->meta->seq, &told, sizeof(told)); /* so that read() returns now and then */
	return 0;
}
