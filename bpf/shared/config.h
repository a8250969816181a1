/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space decides before load: constants of the kernel side, written into its read-only data. */
#ifndef QTAP_SHARED_CONFIG_H
#define QTAP_SHARED_CONFIG_H

#include <linux/types.h>

struct qtap_bpf_config {
	__u32 self_pid; /* this process is never captured; 0 = no exception */
	__u32
	    hello_bytes; /* bytes copied per direction of a socket that carries TLS: enough for the hellos */
	__u32 unknown_bytes; /* bytes copied per direction of a socket whose protocol is not recognised */
	__u32
	    max_call_bytes; /* of one read or write call, what is copied at most; the rest is a counted gap */
	__u32 wake_bytes; /* waiting bytes of a ring at which a reader that polls on a timer is woken early */
	__u32 rings;	  /* how many there are: CPU n writes to ring n % rings */
	__u32 task_storage; /* 1: what a thread is doing is kept with it, not in a hash table (Linux 6.6:
			       before 6.2 an access may fail when another is interrupted) */
	__u32 budgets;	    /* 1: costs are measured and levels looked up (lib/budget.h) */
	__u32 trap_ns;	    /* what a traced call costs beside the programs: two traps */
};

#endif /* QTAP_SHARED_CONFIG_H */
