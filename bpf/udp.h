/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Datagrams of UDP sockets: one connection per socket and peer.
 *
 * In: a call that moved datagrams. Out: OPEN with the first one, DATA: of port 53 (DNS) every datagram, of
 * others the first bytes, enough to tell QUIC. Totals are kept in the table; user space reads them from
 * there and removes flows that are idle: no tracepoint tells that a UDP socket is gone.
 *
 * The entry is named by the socket's address and the number of its inode, as addresses are used again.
 */
#ifndef QTAP_UDP_H
#define QTAP_UDP_H

#include "lib/probe.h"

#define DNS_PORT 53	  /* RFC 1035 4.2 */
#define UDP_COPY_MAX 4096 /* of one datagram; resolvers announce 1232 (DNS flag day 2020) or 4096 */
#define UDP_RECEIVED (1u << 31)
#define SOCKADDR_IN_ADDR 4  /* struct sockaddr_in, include/uapi/linux/in.h */
#define SOCKADDR_IN6_ADDR 8 /* struct sockaddr_in6, include/uapi/linux/in6.h */

/*
 * Whose stack is whose: 512 bytes are for all calls together (include/linux/filter.h, MAX_BPF_STACK), each
 * rounded up to 32. The longest way is on_sys_exit* - udp_messages - udp_moved - udp_flow_of - udp_open -
 * wake_flags.
 */

static __noinline int udp_peer_of_name(struct qtap_udp_key *key, __u64 name)
{
	__u16 head[2] = {}; /* family and port */
	__u32 ipv4 = 0;

	bpf_probe_read_user(head, sizeof(head), (void *)name);
	if (head[0] == AF_INET6) {
		bpf_probe_read_user(key->remote_ip, sizeof(key->remote_ip),
				    (void *)(name + SOCKADDR_IN6_ADDR));
	} else if (head[0] == AF_INET) {
		bpf_probe_read_user(&ipv4, sizeof(ipv4), (void *)(name + SOCKADDR_IN_ADDR));
		map_ipv4(key->remote_ip, ipv4);
	} else {
		return 0;
	}
	key->family = head[0];
	key->remote_port = bpf_ntohs(head[1]);
	return 0;
}

/* Whom the socket is connected to, if anybody. */
static __noinline int udp_peer_of_sock(struct qtap_udp_key *key, struct sock *sk)
{
	key->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (!key->remote_port)
		return 0;
	key->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (key->family == AF_INET6)
		BPF_CORE_READ_INTO(&key->remote_ip, sk, __sk_common.skc_v6_daddr);
	else
		map_ipv4(key->remote_ip, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	return 0;
}

static __noinline int udp_name(struct qtap_udp_key *key, __u64 name)
{
	struct sock *sk = (struct sock *)key->sk;

	key->inode = BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
	if (name)
		udp_peer_of_name(key, name);
	else
		udp_peer_of_sock(key, sk);
	if (key->family == AF_INET6 && is_mapped_ipv4(key->remote_ip))
		key->family = AF_INET;
	return BPF_CORE_READ(sk, __sk_common.skc_num) == DNS_PORT || key->remote_port == DNS_PORT;
}

/* Tells about the flow; tried again with each datagram while the ring is full. */
static __noinline int udp_open(const struct qtap_udp_key *key, struct qtap_udp_flow *flow)
{
	struct sock *sk = (struct sock *)key->sk;
	struct qtap_rec_open *rec;

	if (!RESERVE(rec, QTAP_REC_OPEN, 0))
		return 0;
	flow->opened = 1;
	rec->h.conn_key = flow->now.conn_key;
	rec->h.stream_id = flow->now.conn_key;
	rec->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	rec->remote_port = key->remote_port;
	rec->family = key->family;
	rec->role = flow->role;
	rec->transport = QTAP_TRANSPORT_UDP;
	rec->fd = -1;
	rec->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	__builtin_memcpy(rec->remote_ip, key->remote_ip, sizeof(rec->remote_ip));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET6)
		BPF_CORE_READ_INTO(&rec->local_ip, sk, __sk_common.skc_v6_rcv_saddr);
	else
		map_ipv4(rec->local_ip, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	submit(rec);
	return 0;
}

static const struct qtap_udp_flow fresh_flow = {};

/* The flow of this socket and peer, made now if it is the first datagram; NULL: there is no room. */
static __noinline struct qtap_udp_flow *udp_flow_of(__u64 sk, __u64 name, __u32 direction)
{
	struct qtap_udp_key key = {.sk = sk};
	struct qtap_udp_flow *flow;
	int is_dns = udp_name(&key, name);

	flow = bpf_map_lookup_elem(&udp_flows, &key);
	if (!flow) {
		bpf_map_update_elem(&udp_flows, &key, &fresh_flow, BPF_NOEXIST);
		flow = bpf_map_lookup_elem(&udp_flows, &key);
	}
	if (!flow)
		return NULL;
	if (!flow->now.conn_key) {
		flow->now.conn_key = new_key();
		/* Whoever speaks first asks. */
		flow->role = direction == QTAP_SENT ? QTAP_ROLE_CLIENT : QTAP_ROLE_SERVER;
		flow->is_dns = is_dns;
		__sync_fetch_and_add(&udp_flows_made, 1);
	}
	if (!flow->opened)
		udp_open(&key, flow);
	return flow;
}

/* One record with `len` bytes, len <= room, of the `whole` ones that it stands for. */
#define UDP_EMIT(room)                                                                                       \
	do {                                                                                                 \
		rec = RESERVE_BYTES(sizeof(*rec) + (room));                                                  \
		if (!rec)                                                                                    \
			break;                                                                               \
		__builtin_memset(rec, 0, sizeof(*rec));                                                      \
		asm volatile("" : "+r"(len));                                                                \
		if (len > (room) || bpf_probe_read_user(rec + 1, len, (void *)seg)) {                        \
			cause = QTAP_LOSS_FAULT;                                                             \
			len = 0;                                                                             \
		}                                                                                            \
	} while (0)

/* Time is taken before the reservation, as everywhere (lib/emit.h). */
static __noinline int udp_data(struct qtap_udp_flow *flow, __u64 seg, __u64 len, __u64 whole, __u32 direction)
{
	__u64 time_ns = bpf_ktime_get_boot_ns();
	struct qtap_rec_data *rec;
	__u32 cause = 0;

	if (len < whole)
		cause = QTAP_LOSS_CALL_LIMIT;
	if (len <= 512)
		UDP_EMIT(512);
	else
		UDP_EMIT(UDP_COPY_MAX);
	if (!rec) {
		count_loss(QTAP_LOSS_RING_FULL, whole);
		return 0;
	}
	if (cause)
		count_loss(cause, whole - len);
	fill_header(&rec->h, sizeof(*rec) + len, QTAP_REC_DATA, cause ? QTAP_RF_TRUNCATED : 0, time_ns);
	rec->h.conn_key = flow->now.conn_key;
	rec->h.stream_id = flow->now.conn_key;
	rec->offset = flow->now.bytes[direction & 1];
	rec->filtered = flow->now.filtered[direction & 1];
	rec->budget = flow->now.budget[direction & 1];
	rec->full_len = whole;
	rec->captured_len = len;
	rec->direction = direction & 1;
	rec->stream_kind = QTAP_STREAM_SOCKET;
	rec->cause = cause;
	submit(rec);
	return 0;
}

/*
 * A call, or one message of it, moved `lens` bytes (its lower half), of which the first segment at `seg` has
 * room for the upper half. `name`: the peer's address in user memory, 0 = the socket's own peer.
 */
VERIFIED_ONCE int udp_moved(__u64 sk, __u64 name, __u64 seg, __u64 lens, __u32 direction)
{
	__u64 bytes = (__u32)lens, first = lens >> 32, whole = bytes;
	struct qtap_udp_flow *flow;
	__u32 d = direction & 1;

	if (!bytes)
		return 0;
	flow = udp_flow_of(sk, name, d);
	if (!flow) {
		count_loss(QTAP_LOSS_MAP_FULL, bytes);
		return 0;
	}
	flow->last_ns = bpf_ktime_get_boot_ns();
	flow->tgid = bpf_get_current_pid_tgid() >> 32;
	if (!flow->is_dns) {
		__u64 at = flow->now.bytes[d], until = config.hello_bytes;

		whole = at >= until ? 0 : bytes < until - at ? bytes : until - at;
		if (whole > first)
			whole = first; /* what further segments hold is not asked for */
	}
	if (whole && only_counts(flow->tgid)) {
		flow->now.budget[d] += whole;
		flow->now.filtered[d] += bytes - whole;
		flow->now.bytes[d] += bytes;
		return 0;
	}
	if (whole) {
		if (first > whole)
			first = whole;
		udp_data(flow, seg, first < UDP_COPY_MAX ? first : UDP_COPY_MAX, whole, d);
	}
	flow->now.filtered[d] += bytes - whole;
	flow->now.bytes[d] += bytes;
	return 0;
}

/* A datagram that is described by segments: the first one is looked at. */
VERIFIED_ONCE int udp_vector(__u64 sk, __u64 name, __u64 iov, __u64 bytes, __u32 direction)
{
	struct user_iovec segment = {};

	bpf_probe_read_user(&segment, sizeof(segment), (void *)iov);
	if (segment.len > bytes)
		segment.len = bytes;
	return udp_moved(sk, name, segment.base, bytes | segment.len << 32, direction);
}

/* One struct msghdr of user memory, whose datagram has `bytes` bytes. */
VERIFIED_ONCE int udp_message(__u64 sk, __u64 msghdr, __u64 bytes, __u32 direction)
{
	__u64 name = 0, at[2] = {}; /* the vector; then its first segment */

	bpf_probe_read_user(&name, sizeof(name), (void *)msghdr);
	bpf_probe_read_user(at, sizeof(at[0]), (void *)(msghdr + MSGHDR_IOV));
	bpf_probe_read_user(at, sizeof(at), (void *)at[0]);
	if (at[1] > bytes)
		at[1] = bytes;
	return udp_moved(sk, name, at[0], bytes | at[1] << 32, direction);
}

/* sendmmsg, recvmmsg: messages were moved, each with a peer of its own. `how`: their number, and the
 * direction in the highest bit. */
VERIFIED_ONCE int udp_messages(__u64 sk, __u64 vec, __u32 how)
{
	for (__u32 i = 0; i < MMSG_MAX; i++) {
		__u64 name = 0, at[2] = {};
		__u32 bytes = 0;

		if (i >= (how & ~UDP_RECEIVED))
			break;
		bpf_probe_read_user(&bytes, sizeof(bytes), (void *)(vec + MMSGHDR_LEN));
		bpf_probe_read_user(&name, sizeof(name), (void *)vec);
		bpf_probe_read_user(at, sizeof(at[0]), (void *)(vec + MSGHDR_IOV));
		bpf_probe_read_user(at, sizeof(at), (void *)at[0]);
		if (at[1] > bytes)
			at[1] = bytes;
		udp_moved(sk, name, at[0], bytes | at[1] << 32,
			  how & UDP_RECEIVED ? QTAP_RECEIVED : QTAP_SENT);
		vec += MMSGHDR_SIZE;
	}
	return 0;
}

#endif /* QTAP_UDP_H */
