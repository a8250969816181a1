/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Layer 2: what is left out of a stream, and what capturing a process costs.
 *
 * In: a call that moved bytes or hit a probe. Out: how many of them user space does not want, or has no
 * budget for; the process is charged with the time that its call took here, also when it moved nothing
 * (SSL_free, SSL_clear, BIO_write). Without a budget (config.budgets, read-only data) the verifier removes
 * all of that.
 */
#ifndef QTAP_BUDGET_H
#define QTAP_BUDGET_H

#include "lib/emit.h"

struct left_out {
	__u64 bytes;
	__u64 by_budget; /* of these: the others were not wanted anyway */
};

/* At this level nothing of the process is copied. */
static __always_inline int only_counts(__u32 tgid)
{
	__u32 *level = config.budgets ? bpf_map_lookup_elem(&level_by_tgid, &tgid) : NULL;

	return level && *level == QTAP_LEVEL_COUNT;
}

/* Of `bytes` at `offset`, how many are left out: they come first. */
static __always_inline struct left_out leave_out(__u32 tgid, __u64 key, __u32 direction, __u64 offset,
						 __u64 bytes)
{
	struct qtap_skip *skip = reader_skips ? bpf_map_lookup_elem(&skip_by_stream, &key) : NULL;
	__u64 until = skip ? skip->until[direction & 1] : 0;
	struct left_out out = {};

	if (until > offset) {
		out.bytes = bytes < until - offset ? bytes : until - offset;
		if (skip->by_budget[direction & 1])
			out.by_budget = out.bytes;
	}
	if (only_counts(tgid)) {
		out.by_budget += bytes - out.bytes;
		out.bytes = bytes;
	}
	return out;
}

static __always_inline __u64 cost_begins(void)
{
	return config.budgets ? bpf_ktime_get_ns() : 0;
}

/* `since` is what cost_begins() said; `extra_ns`: what it took beside the program. */
VERIFIED_ONCE int charge(__u32 tgid, __u64 since, __u64 extra_ns)
{
	struct qtap_cost *cost = bpf_map_lookup_elem(&cost_by_tgid, &tgid);
	struct qtap_cost fresh = {};

	if (!cost) {
		bpf_map_update_elem(&cost_by_tgid, &tgid, &fresh, BPF_NOEXIST);
		cost = bpf_map_lookup_elem(&cost_by_tgid, &tgid);
		if (!cost)
			return 0;
	}
	__sync_fetch_and_add(&cost->ns, bpf_ktime_get_ns() - since + extra_ns);
	__sync_fetch_and_add(&cost->calls, 1);
	return 0;
}

#endif /* QTAP_BUDGET_H */
