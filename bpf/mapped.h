/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code of TLS libraries that programs map: told the moment it happens, so that probes come before the first
 * handshake, also in programs that load the library late (dlopen). By the name of the file, and once a second
 * for each process that maps it: what another process was told about says nothing about this one.
 */
#ifndef QTAP_MAPPED_H
#define QTAP_MAPPED_H

#include "lib/probe.h"

#define PROT_EXEC 4 /* include/uapi/asm-generic/mman-common.h */
#define AGAIN_NS 1000000000ULL

/* "libssl", "libcrypto" with whatever follows: user space looks closer. */
static __always_inline int is_library_name(__u64 head)
{
	const __u64 libssl = 0x6c737362696cULL, libcrypt = 0x747079726362696cULL;

	return (head & 0xffffffffffffULL) == libssl || head == libcrypt;
}

/* Not within a second after it was told last: a number of an inode, or a pid, may be used again. */
static __always_inline int is_news(struct file *file, __u32 tgid, __u64 now)
{
	struct mapped_file key = {.tgid = tgid};
	__u64 *told;

	key.inode = BPF_CORE_READ(file, f_inode, i_ino);
	key.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	told = bpf_map_lookup_elem(&mapped_files, &key);
	if (told && now - *told < AGAIN_NS)
		return 0;
	bpf_map_update_elem(&mapped_files, &key, &now, BPF_ANY);
	return 1;
}

/* mmap() of executable pages of this descriptor has succeeded. */
VERIFIED_ONCE int code_mapped(int fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid(), head = 0, now;
	const unsigned char *name;
	struct qtap_mapped *rec;
	struct file *file;

	if (!tell_mapped || is_self(pid_tgid) || is_compat_call(task))
		return 0;
	file = file_of_fd(task, fd);
	if (!file)
		return 0;
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(&head, sizeof(head), name);
	now = bpf_ktime_get_boot_ns();
	if (!is_library_name(head) || !is_news(file, pid_tgid >> 32, now))
		return 0;
	rec = bpf_ringbuf_reserve(&mapped, sizeof(*rec), 0);
	if (!rec) {
		__sync_fetch_and_add(&mapped_lost, 1);
		return 0;
	}
	rec->time_ns = now;
	rec->tgid = pid_tgid >> 32;
	rec->pad0 = 0;
	bpf_ringbuf_submit(rec, 0);
	return 0;
}

#endif /* QTAP_MAPPED_H */
