/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layer 3: the shape of a program: who is calling, and is it us. */
#ifndef QTAP_PROBE_H
#define QTAP_PROBE_H

#include "lib/budget.h"

/* Our own traffic (uploads of objects) must not be captured: it would feed itself. */
static __always_inline int is_self(__u64 pid_tgid)
{
	return IS_TGID(pid_tgid, config.self_pid);
}

/* Stack pointer of the caller at the entry of the function that a uprobe or uretprobe sits on. */
#define ENTRY_SP(ctx) ((__u64)PT_REGS_SP(ctx))
#define RETURN_SP(ctx) ((__u64)PT_REGS_SP(ctx) - CALL_PUSHES)

#endif /* QTAP_PROBE_H */
