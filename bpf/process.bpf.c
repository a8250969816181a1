// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Life of processes: EXEC when an image has started (a failed exec is none), EXIT when the last thread is
 * gone. */
#include "lib/probe.h"

#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */

static __always_inline void fill_process(struct qtap_rec_process *rec, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	rec->ppid = BPF_CORE_READ(task, real_parent, tgid);
	rec->uid = (__u32)bpf_get_current_uid_gid();
	rec->start_ns = BPF_CORE_READ(leader, start_boottime);
	BPF_CORE_READ_STR_INTO(&rec->comm, leader, comm);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct qtap_rec_process *rec;
	const char *filename;

	if (is_self(bpf_get_current_pid_tgid()))
		return 0;
	if (!RESERVE(rec, QTAP_REC_EXEC, 0))
		return 0;
	fill_process(rec, task);
	filename = BPF_CORE_READ(bprm, filename);
	bpf_probe_read_kernel_str(rec->filename, sizeof(rec->filename), filename);
	submit(rec);
	return 0;
}

/* The wait(2) status: of the group if it was killed or called exit_group(), else of its leader. */
static __always_inline int wait_status(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(task, signal, group_exit_code);
	return BPF_CORE_READ(task, group_leader, exit_code);
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct qtap_rec_process *rec;

	if (!config.task_storage)
		bpf_map_delete_elem(&ssl_calls_by_thread, &pid_tgid);
	/* do_exit() has counted this thread off already (kernel/exit.c). */
	if (BPF_CORE_READ(task, signal, live.counter) || is_self(pid_tgid))
		return 0;
	if (!RESERVE(rec, QTAP_REC_EXIT, 0))
		return 0;
	fill_process(rec, task);
	rec->exit_code = wait_status(task);
	submit(rec);
	return 0;
}
