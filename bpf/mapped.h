/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code of TLS libraries that programs map: told the moment it happens, so that probes come before the first
 * handshake, also in programs that load the library late (dlopen). By the name of the file, and once a second
 * for each process that maps it: what another process was told about says nothing about this one.
 *
 * The same way user space hears of processes whose TLS objects write to BIOs that no probe is on.
 */
#ifndef QTAP_MAPPED_H
#define QTAP_MAPPED_H

#include "lib/probe.h"

#define PROT_EXEC 4 /* include/uapi/asm-generic/mman-common.h */
#define AGAIN_NS 1000000000ULL

static __always_inline int is_libssl_name(__u64 head)
{
	return (head & 0xffffffffffffULL) == 0x6c737362696cULL;
}

/* "libssl", "libcrypto" with whatever follows: user space looks closer. */
static __always_inline int is_library_name(__u64 head)
{
	return is_libssl_name(head) || head == 0x747079726362696cULL;
}

/* Not within a second after it was told last: a number of an inode, or a pid, may be used again. */
static __always_inline int is_news(const struct mapped_file *key, __u64 now)
{
	__u64 *told = bpf_map_lookup_elem(&mapped_files, key);

	if (told && now - *told < AGAIN_NS)
		return 0;
	bpf_map_update_elem(&mapped_files, key, &now, BPF_ANY);
	return 1;
}

static __always_inline void tell_about(const struct mapped_file *key, __u32 what)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct qtap_mapped *rec;

	if (!is_news(key, now))
		return;
	rec = bpf_ringbuf_reserve(&mapped, sizeof(*rec), 0);
	if (!rec) {
		__sync_fetch_and_add(&mapped_lost, 1);
		return;
	}
	rec->time_ns = now;
	rec->inode = key->inode;
	rec->device = key->device;
	rec->tgid = key->tgid;
	rec->what = what;
	rec->pad0 = 0;
	bpf_ringbuf_submit(rec, 0);
}

/* A TLS object wrote a record, and neither a socket call nor a probed BIO was seen. */
VERIFIED_ONCE int custom_bio_used(__u32 tgid)
{
	struct mapped_file key = {.tgid = tgid}; /* no file has the inode 0 */

	if (tell_custom_bios)
		tell_about(&key, QTAP_MAPPED_CUSTOM_BIO);
	return 0;
}

/* mmap() of executable pages of this descriptor has succeeded. */
VERIFIED_ONCE int code_mapped(int fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 pid_tgid = bpf_get_current_pid_tgid(), head = 0;
	struct mapped_file key = {.tgid = pid_tgid >> 32};
	const unsigned char *name;
	struct file *file;

	if (!tell_mapped || is_self(pid_tgid) || is_compat_call(task))
		return 0;
	file = file_of_fd(task, fd);
	if (!file)
		return 0;
	name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	bpf_probe_read_kernel(&head, sizeof(head), name);
	if (!is_library_name(head))
		return 0;
	key.inode = BPF_CORE_READ(file, f_inode, i_ino);
	key.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	tell_about(&key, is_libssl_name(head) ? QTAP_MAPPED_SSL : QTAP_MAPPED_OTHER);
	return 0;
}

#endif /* QTAP_MAPPED_H */
