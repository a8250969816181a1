/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of TCP sockets: who talks to whom, what kind of bytes, how many.
 *
 * In: a socket call that ended. Out: OPEN (one that arrives, when both addresses are known), DATA (what the
 * class allows), COUNT (now and then, when bytes are only counted), CLOSE.
 *
 *   UNDECIDED --TLS record header------------------> TLS    copy hello_bytes per direction, then count
 *       |-------HTTP method, "HTTP/", h2 preface---> PLAIN  copy all; after CONNECT a TLS record leads to TLS
 *       |-------port 53 (DNS)----------------------> PLAIN
 *       '-------8 bytes each way, nothing known----> OTHER  copy unknown_bytes per direction, then count
 *   any of them --TLS record inside an SSL_* call--> TLS
 *
 * Offsets are exact also where bytes are only counted. Two threads that write one socket at the very same
 * time may get overlapping offsets: fetch-and-add would need Linux 5.12.
 */
#ifndef QTAP_SOCKET_H
#define QTAP_SOCKET_H

#include "stream.h"

/*
 * Functions marked VERIFIED_ONCE are global to the verifier: it checks each for itself, with any arguments,
 * instead of once per path that leads there. Hence numbers as arguments (pointers only from 5.13 on), and a
 * lookup inside.
 */

/* COUNT when this many bytes or nanoseconds passed since the last one; plain text of TLS brings its own. */
#define COUNT_BYTES (1 << 20)
#define COUNT_NS 1000000000ULL

#define TCP_SYN_SENT 2 /* include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_FIN_WAIT1 4
#define TCP_FIN_WAIT2 5
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LISTEN 10

/* A socket call that ended with bytes moved. */
struct sock_io {
	struct sock *sk;
	__u64 bytes;
	__u64 seg; /* the buffer, or ... */
	__u64 seg_left;
	__u64 iov; /* ... its segments; neither = the bytes were never in user memory (sendfile) */
	__u64 iovs_left;
	__u64 user_sp;
	__s32 fd;
	__u32 direction;
};

static __always_inline struct sock_state *sock_find(__u64 sk)
{
	return bpf_map_lookup_elem(&state_by_sock, &sk);
}

/* What new entries begin with: too large for the stack (512 bytes for all calls together). */
static const struct sock_state fresh_state = {};

VERIFIED_ONCE int sock_add(__u64 sk, __u8 role, __u64 start_ns)
{
	struct sock_state *st;

	if (bpf_map_update_elem(&state_by_sock, &sk, &fresh_state, BPF_NOEXIST)) {
		if (!sock_find(sk)) /* else another thread, or the iterator, came first */
			count_loss(QTAP_LOSS_MAP_FULL, 0);
		return 0;
	}
	st = sock_find(sk);
	if (st) {
		st->now.conn_key = new_key();
		st->role = role;
		st->start_ns = start_ns;
		st->counted_ns = bpf_ktime_get_boot_ns();
		st->tgid = bpf_get_current_pid_tgid() >> 32;
	}
	return 0;
}

static __always_inline void fill_open(struct qtap_rec_open *rec, const struct sock_state *st)
{
	/* Whenever it is told: from start_ns to here is how long connecting took. */
	if (st->established_ns)
		rec->h.time_ns = st->established_ns;
	rec->h.conn_key = st->now.conn_key;
	rec->h.stream_id = st->now.conn_key;
	rec->socket_cookie = st->cookie;
	rec->start_ns = st->start_ns;
	__builtin_memcpy(rec->local_ip, st->local_ip, sizeof(rec->local_ip));
	__builtin_memcpy(rec->remote_ip, st->remote_ip, sizeof(rec->remote_ip));
	rec->local_port = st->local_port;
	rec->remote_port = st->remote_port;
	rec->family = st->family;
	rec->role = st->role;
	rec->netns = st->netns;
	if (st->older)
		rec->h.flags |= QTAP_RF_LATE;
}

/* Of sockets whose beginning nobody saw: was it accepted where somebody listened when we started? */
static __always_inline int was_accepted(const struct sock_state *st)
{
	struct qtap_listener at = {.netns = st->netns, .port = st->local_port};

	return bpf_map_lookup_elem(&listeners, &at) != NULL;
}

/* What happens in softirq names the last user of the socket, not whom it interrupted. */
static __always_inline void name_last_user(struct qtap_record_header *h, const struct sock_state *st)
{
	h->pid = st->tgid;
	h->tid = 0;
	h->cgroup_id = 0;
}

/* Tells about the socket, once both addresses are known and the ring has room: each call with bytes asks
 * again. */
VERIFIED_ONCE int sock_open(__u64 key, int fd)
{
	struct sock_state *st = sock_find(key);
	struct sock *sk = (struct sock *)key;
	struct qtap_rec_open *rec;

	if (!st || st->opened)
		return 0;
	/* Once: a socket that was reset has no local port any more. */
	if (!(st->local_port && st->remote_port) && !read_addresses(st, sk))
		return 0; /* not connected yet; the next call asks again */
	st->cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	st->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (st->role == QTAP_ROLE_UNKNOWN) {
		st->older = 1;
		if (was_accepted(st))
			st->role = QTAP_ROLE_SERVER;
	}
	if (!RESERVE(rec, QTAP_REC_OPEN, 0))
		return 0;
	st->opened = 1;
	if (st->class == SOCK_UNDECIDED && (st->local_port == 53 || st->remote_port == 53))
		st->class = SOCK_PLAIN; /* DNS (RFC 1035 4.2): answers tell names */
	fill_open(rec, st);
	rec->fd = fd;
	if (st->in_progress) /* handshakes end in softirq */
		name_last_user(&rec->h, st);
	submit(rec);
	return 0;
}

static __always_inline void fill_count(struct qtap_rec_count *rec, const struct sock_state *st)
{
	rec->h.conn_key = st->now.conn_key;
	rec->h.stream_id = st->now.conn_key;
	rec->bytes[0] = st->now.bytes[0];
	rec->bytes[1] = st->now.bytes[1];
	rec->filtered[0] = st->now.filtered[0];
	rec->filtered[1] = st->now.filtered[1];
	rec->budget[0] = st->now.budget[0];
	rec->budget[1] = st->now.budget[1];
}

VERIFIED_ONCE int emit_count(__u64 sk)
{
	struct sock_state *st = sock_find(sk);
	struct qtap_rec_count *rec;

	if (!st)
		return 0;
	st->counted_ns = bpf_ktime_get_boot_ns();
	st->counted_bytes = st->now.bytes[0] + st->now.bytes[1];
	if (!RESERVE(rec, QTAP_REC_COUNT, st->class == SOCK_TLS ? QTAP_RF_TLS : 0))
		return 0;
	fill_count(rec, st);
	submit(rec);
	return 0;
}

static __always_inline void fill_close(struct qtap_rec_count *rec, const struct sock_state *st)
{
	fill_count(rec, st);
	name_last_user(&rec->h, st);
	if (st->bound_stream)
		rec->h.stream_id = st->bound_stream;
}

VERIFIED_ONCE int emit_close(__u64 sk)
{
	struct sock_state *st = sock_find(sk);
	struct qtap_unsent_close kept = {};
	struct qtap_rec_count *rec;
	__u64 conn_key;
	__u16 flags;

	if (!st)
		return 0;
	conn_key = st->now.conn_key;
	bpf_map_delete_elem(&skip_by_stream, &conn_key);
	flags = st->class == SOCK_TLS ? QTAP_RF_TLS : 0;
	if (st->opened && TRY_RESERVE(rec, QTAP_REC_CLOSE, flags)) {
		fill_close(rec, st);
		submit(rec);
		return 0;
	}
	if (!st->opened) {
		fill_header(&kept.open.h, sizeof(kept.open), QTAP_REC_OPEN, 0, bpf_ktime_get_boot_ns());
		fill_open(&kept.open, st);
		name_last_user(&kept.open.h, st);
		kept.open.fd = -1;
	}
	fill_header(&kept.close.h, sizeof(kept.close), QTAP_REC_CLOSE, flags, bpf_ktime_get_boot_ns());
	fill_close(&kept.close, st);
	keep_end(&unsent_closes, conn_key, &kept);
	return 0;
}

/*
 * First 4 bytes of: request methods of RFC 9110 9 and 5789, "HTTP/" (RFC 9112 4), the HTTP/2 preface (RFC
 * 9113 3.4); then the other methods that the parser of user space knows (llhttp.h, HTTP_METHOD_MAP,
 * llhttp 9.3): WebDAV and its family (RFC 4918, 3744, 5323, 5842, 3253, 4791), UPnP, caches, Icecast, QUERY.
 * What only looks like one costs copying.
 */
#define FOUR(a, b, c, d) ((__u32)(a) | (__u32)(b) << 8 | (__u32)(c) << 16 | (__u32)(d) << 24)

static __always_inline int is_http(__u64 head)
{
	switch ((__u32)head) {
	case FOUR('G', 'E', 'T', ' '):
	case FOUR('P', 'O', 'S', 'T'):
	case FOUR('P', 'U', 'T', ' '):
	case FOUR('H', 'E', 'A', 'D'):
	case FOUR('D', 'E', 'L', 'E'):
	case FOUR('P', 'A', 'T', 'C'):
	case FOUR('O', 'P', 'T', 'I'):
	case FOUR('T', 'R', 'A', 'C'):
	case FOUR('C', 'O', 'N', 'N'):
	case FOUR('P', 'R', 'I', ' '):
	case FOUR('H', 'T', 'T', 'P'):
	case FOUR('P', 'R', 'O', 'P'): /* PROPPATCH too */
	case FOUR('L', 'O', 'C', 'K'):
	case FOUR('U', 'N', 'L', 'O'):
	case FOUR('C', 'O', 'P', 'Y'):
	case FOUR('M', 'O', 'V', 'E'):
	case FOUR('M', 'K', 'C', 'O'):
	case FOUR('M', 'K', 'A', 'C'):
	case FOUR('M', 'K', 'C', 'A'):
	case FOUR('S', 'E', 'A', 'R'):
	case FOUR('R', 'E', 'P', 'O'):
	case FOUR('C', 'H', 'E', 'C'):
	case FOUR('M', 'E', 'R', 'G'):
	case FOUR('A', 'C', 'L', ' '):
	case FOUR('B', 'I', 'N', 'D'):
	case FOUR('R', 'E', 'B', 'I'):
	case FOUR('U', 'N', 'B', 'I'):
	case FOUR('M', '-', 'S', 'E'):
	case FOUR('N', 'O', 'T', 'I'):
	case FOUR('S', 'U', 'B', 'S'):
	case FOUR('U', 'N', 'S', 'U'):
	case FOUR('P', 'U', 'R', 'G'):
	case FOUR('L', 'I', 'N', 'K'):
	case FOUR('U', 'N', 'L', 'I'):
	case FOUR('S', 'O', 'U', 'R'):
	case FOUR('Q', 'U', 'E', 'R'):
		return 1;
	}
	return 0;
}

static __always_inline void sock_set_class(struct sock_state *st, __u8 class, __u64 window)
{
	st->class = class;
	st->tunnel = 0;
	st->copy_until[0] = st->now.bytes[0] + window;
	st->copy_until[1] = st->now.bytes[1] + window;
}

#define IO_RECEIVED 1u /* the direction */
#define IO_NESTED 2u   /* inside of an SSL_* call that it may belong to */
#define IO_MORE 4u     /* the call moved more than these bytes */

/* Looks at the first bytes of this call and decides the class; returns whether they are a TLS record header.
 */
VERIFIED_ONCE int sock_classify(__u64 sk, __u64 base, __u64 len, __u32 flags)
{
	struct sock_state *st = sock_find(sk);
	int nested = flags & IO_NESTED;
	__u32 direction = flags & IO_RECEIVED;
	__u64 bytes = 0;
	__u8 have;
	int tls;

	if (!st || !len)
		return 0;
	have = st->head_len[direction];
	if (len >= 8)
		bpf_probe_read_user(&bytes, 8, (void *)base);
	else
		bpf_probe_read_user(&bytes, len & 7, (void *)base);
	tls = len >= 5 && is_tls_record((__u8 *)&bytes);
	if (tls && (nested || st->tunnel) && st->class != SOCK_TLS) {
		sock_set_class(st, SOCK_TLS, config.hello_bytes);
		return 1;
	}
	if (st->class != SOCK_UNDECIDED || have >= 8)
		return tls;
	st->head[direction] |= bytes << (8 * (have & 7));
	have = have + len > 8 || (flags & IO_MORE) ? 8 : have + len;
	st->head_len[direction] = have;
	bytes = st->head[direction];
	if (have >= 5 && is_tls_record((__u8 *)&bytes)) {
		sock_set_class(st, SOCK_TLS, config.hello_bytes);
	} else if (have >= 4 && is_http(bytes)) {
		sock_set_class(st, SOCK_PLAIN, 0);
		st->tunnel = (__u32)bytes == FOUR('C', 'O', 'N', 'N');
	} else if (nested) {
		/* Connections older than us are met in the middle of a record. */
		sock_set_class(st, SOCK_TLS, config.hello_bytes);
	} else if (st->head_len[0] >= 8 && st->head_len[1] >= 8) {
		st->class = SOCK_OTHER;
	}
	return tls;
}

/* The first segment of what the call moved. */
static __always_inline int first_segment(const struct sock_io *io, struct user_iovec *first)
{
	first->base = io->seg;
	first->len = io->seg_left;
	if (!first->base && io->iovs_left && bpf_probe_read_user(first, sizeof(*first), (void *)io->iov))
		return 0;
	return 1;
}

static __always_inline int classify_io(const struct sock_io *io, struct user_iovec first,
				       const struct ssl_frame *frame)
{
	__u32 flags = io->direction & IO_RECEIVED;

	if (first.len < io->bytes)
		flags |= IO_MORE;
	else
		first.len = io->bytes;
	if (frame && !frame->mixed)
		flags |= IO_NESTED;
	return sock_classify((__u64)io->sk, first.base, first.len, flags);
}

/* How many of these bytes are to be copied. */
static __always_inline __u64 sock_copy_bytes(struct sock_state *st, __u32 direction, __u64 bytes)
{
	__u64 at = st->now.bytes[direction], until = st->copy_until[direction];

	if (st->class == SOCK_PLAIN)
		return bytes;
	if (st->class != SOCK_TLS)
		until = config.unknown_bytes;
	if (at >= until)
		return 0;
	return bytes < until - at ? bytes : until - at;
}

/* The call moved bytes: deliver what the class of the socket allows and user space wants, count the rest. */
static __always_inline void sock_transfer(struct sock_io *io, struct sock_state *st, int loop)
{
	__u32 direction = io->direction & 1;
	struct payload p = {};
	struct left_out out;
	__u64 copy, now, total;

	copy = sock_copy_bytes(st, direction, io->bytes);
	p.conn_key = st->now.conn_key;
	p.offset = st->now.bytes[direction];
	out = leave_out(st->tgid, p.conn_key, direction, p.offset, copy);
	if (out.bytes < copy && out.bytes > io->seg_left)
		out.bytes = out.by_budget = 0; /* in the middle of several segments: not worth the search */
	st->now.bytes[direction] += io->bytes;
	st->now.filtered[direction] += io->bytes - copy + out.bytes - out.by_budget;
	st->now.budget[direction] += out.by_budget;
	if (out.bytes < copy) {
		p.filtered = st->now.filtered[direction] - (io->bytes - copy);
		p.budget = st->now.budget[direction];
		p.stream_id = p.conn_key;
		p.end = p.offset + copy;
		p.offset += out.bytes;
		p.seg = io->seg + out.bytes;
		p.seg_end = io->seg + io->seg_left;
		p.iov = io->iov;
		p.iovs_left = io->iovs_left;
		p.flags = st->class == SOCK_TLS ? QTAP_RF_TLS : 0;
		p.direction = direction;
		p.stream_kind = QTAP_STREAM_SOCKET;
		emit_payload(&p, loop);
	}
	if (copy == io->bytes && !out.bytes)
		return;
	now = bpf_ktime_get_boot_ns();
	total = st->now.bytes[0] + st->now.bytes[1];
	if (total - st->counted_bytes >= COUNT_BYTES || now - st->counted_ns >= COUNT_NS)
		emit_count((__u64)io->sk);
}

static __always_inline void sock_io_done(struct sock_io *io, __u64 pid_tgid, int loop)
{
	struct ssl_frame *frame = active_frame(pid_tgid, io->user_sp);
	__u64 sk = (__u64)io->sk;
	struct sock_state *st;
	struct user_iovec first = {};
	int tls_header = 0, learn, was_tls;

	if (frame)
		frame->io |= io->direction == QTAP_SENT ? IO_WRITE : IO_READ;
	if (!io->bytes)
		return;
	if (!sock_find(sk))
		sock_add(sk, QTAP_ROLE_UNKNOWN, 0);
	st = sock_find(sk);
	if (!st)
		return;
	st->tgid = pid_tgid >> 32;
	if (!st->opened)
		sock_open(sk, io->fd);
	was_tls = st->class == SOCK_TLS;
	learn = frame && !(st->class == SOCK_TLS && st->bound_stream && st->bound_ssl == frame->ssl &&
			   st->bound_tgid == st->tgid);
	if ((learn || st->class == SOCK_UNDECIDED || st->tunnel) && first_segment(io, &first))
		tls_header = classify_io(io, first, frame);
	if (frame && !was_tls && st->class == SOCK_TLS && tls_header && !st->older)
		frame->io |= IO_FIRST;
	if (learn && !frame->mixed &&
	    (tls_header || (io->direction == QTAP_RECEIVED && st->class == SOCK_TLS)))
		stream_bind(frame->ssl, sk, pid_tgid >> 32, QTAP_BIND_NESTED);
	if (st->class == SOCK_TLS && !st->bound_stream && io->direction == QTAP_SENT &&
	    first_segment(io, &first) &&
	    prefix_sent(sk, first.base, first.len < io->bytes ? first.len : io->bytes, pid_tgid >> 32))
		stream_bind(st->sent_ssl, sk, pid_tgid >> 32, QTAP_BIND_CIPHERTEXT);
	sock_transfer(io, st, loop);
}

#endif /* QTAP_SOCKET_H */
