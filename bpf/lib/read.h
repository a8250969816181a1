/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layer 1: reading memory of the kernel and of the running program. */
#ifndef QTAP_READ_H
#define QTAP_READ_H

#include "lib/compat.h"
#include "maps.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define MMSG_MAX 1024 /* UIO_MAXIOV, include/uapi/linux/uio.h */
#define S_IFMT 00170000
#define S_IFSOCK 0140000

enum sock_kind {
	KIND_TCP = 1,
	KIND_UDP,
};

static __always_inline __u32 kind_of(__u16 type, __u16 protocol, __u16 family)
{
	if (family != AF_INET && family != AF_INET6)
		return 0;
	if (type == SOCK_STREAM && protocol == IPPROTO_TCP)
		return KIND_TCP;
	return type == SOCK_DGRAM && protocol == IPPROTO_UDP ? KIND_UDP : 0;
}

/* The TCP or UDP socket that a file is, or NULL. Whoever asks holds the file. */
static __always_inline struct sock *sock_of_file(struct file *file, __u32 *kind)
{
	struct socket *socket;
	struct sock *sk;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk)
		return NULL;
	*kind = kind_of(BPF_CORE_READ(sk, sk_type), BPF_CORE_READ(sk, sk_protocol),
			BPF_CORE_READ(sk, __sk_common.skc_family));
	return *kind ? sk : NULL;
}

static __always_inline struct sock *tcp_sock_of_file(struct file *file)
{
	__u32 kind = 0;
	struct sock *sk = sock_of_file(file, &kind);

	return kind == KIND_TCP ? sk : NULL;
}

/* The file behind a descriptor of the current process, or NULL. The running syscall holds it. */
static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	files = BPF_CORE_READ(fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

static __always_inline struct sock *sock_of_fd(struct task_struct *task, __u32 fd, __u32 *kind)
{
	return sock_of_file(file_of_fd(task, fd), kind);
}

/*
 * The same by direct loads, a tenth of the price of bpf_probe_read_kernel() each: every call on a socket
 * comes here. Needs the kfunc bpf_rdonly_cast() (6.2) and bpf_get_current_task_btf() (5.11).
 */
extern void *KFUNC(bpf_rdonly_cast)(const void *object, __u32 btf_id) __ksym __weak;

#define CAST_KERNEL(type, ptr) ((type *)KFUNC(bpf_rdonly_cast)(ptr, bpf_core_type_id_kernel(type)))

static __always_inline int has_direct_loads(void)
{
	return bpf_ksym_exists(KFUNC(bpf_rdonly_cast));
}

static __always_inline struct sock *sock_of_fd_direct(__u32 fd, __u32 *kind)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *fdt = task->files->fdt;
	void *address = NULL;
	struct socket *socket;
	struct file *file;
	struct sock *sk;

	if (fd >= fdt->max_fds)
		return NULL;
	bpf_probe_read_kernel(&address, sizeof(address), fdt->fd + fd);
	if (!address)
		return NULL;
	file = CAST_KERNEL(struct file, address);
	if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = CAST_KERNEL(struct socket, file->private_data);
	/* The caller wants a number, which names the socket in tables: a load would make it a pointer. */
	address = NULL;
	bpf_probe_read_kernel(&address, sizeof(address), &socket->sk);
	if (!address)
		return NULL;
	sk = CAST_KERNEL(struct sock, address);
	*kind = kind_of(sk->sk_type, sk->sk_protocol, sk->__sk_common.skc_family);
	return *kind ? address : NULL;
}

/* ::ffff:a.b.c.d, RFC 4291 2.5.5.2 */
static __always_inline void map_ipv4(__u8 *ip, __u32 addr)
{
	__u32 *word = (__u32 *)ip;

	word[0] = 0;
	word[1] = 0;
	word[2] = bpf_htonl(0xffff);
	word[3] = addr;
}

static __always_inline int is_mapped_ipv4(const __u8 *ip)
{
	const __u32 *word = (const __u32 *)ip;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

/* Fills in both addresses; returns whether they are complete, i.e. the socket is or was connected. */
static __always_inline int read_addresses(struct sock_state *st, struct sock *sk)
{
	__u16 port = BPF_CORE_READ(sk, __sk_common.skc_dport);

	st->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	st->remote_port = bpf_ntohs(port);
	st->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (st->family == AF_INET6) {
		BPF_CORE_READ_INTO(&st->remote_ip, sk, __sk_common.skc_v6_daddr);
		BPF_CORE_READ_INTO(&st->local_ip, sk, __sk_common.skc_v6_rcv_saddr);
		if (is_mapped_ipv4(st->remote_ip)) /* a dual-stack listener: both ends tell the same */
			st->family = AF_INET;
	} else {
		map_ipv4(st->remote_ip, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		map_ipv4(st->local_ip, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	}
	return st->remote_port && st->local_port;
}

struct user_iovec {
	__u64 base;
	__u64 len;
};

/* struct user_msghdr, include/linux/socket.h: name, namelen, iov, iovlen, ... */
#define MSGHDR_IOV 16
/* struct mmsghdr: the msghdr (56 bytes), then the length that was transferred. */
#define MMSGHDR_SIZE 64
#define MMSGHDR_LEN 56

/* TLSPlaintext/TLSCiphertext (RFC 8446 5.1): type 20..24, legacy version 3.x, length at most 2^14 + 2048 (RFC
 * 5246). */
static __always_inline int is_tls_record(const __u8 *p)
{
	return p[0] >= 20 && p[0] <= 24 && p[1] == 3 && p[2] <= 4 && p[3] <= 72;
}

#endif /* QTAP_READ_H */
