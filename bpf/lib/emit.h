/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Layer 2: writing records. In: what happened. Out: one record in the ring, or one counted loss.
 *
 * Payload is reserved in its exact size where the kernel can (6.16), else in one of four sizes, because the
 * verifier wants a constant: one size for all would waste the ring. record.size tells the exact length.
 */
#ifndef QTAP_EMIT_H
#define QTAP_EMIT_H

#include "lib/read.h"

static __always_inline void count_loss(__u32 cause, __u64 bytes)
{
	struct qtap_loss *loss = bpf_map_lookup_elem(&loss_by_cause, &cause);

	if (loss) {
		__sync_fetch_and_add(&loss->records, 1);
		if (bytes) /* clang 14 makes a constant 0 an atomic OR, which 5.10 does not know */
			__sync_fetch_and_add(&loss->bytes, bytes);
	}
}

/* Unique while the machine runs: 52 bits of nanoseconds are 52 days, and a CPU does not ask twice in one. */
static __always_inline __u64 new_key(void)
{
	return (bpf_ktime_get_boot_ns() & ((1ULL << 52) - 1)) | (__u64)bpf_get_smp_processor_id() << 52;
}

/* The ring of this CPU; NULL never, which the verifier does not know. */
static __always_inline void *this_ring(void)
{
	__u32 index = config.rings == 1 ? 0 : bpf_get_smp_processor_id() % config.rings;

	return bpf_map_lookup_elem(&rings, &index);
}

/* `urgent`: whoever reads it may want no more of that kind, and the sooner it can say so the better. */
static __noinline __u64 wake_flags(int urgent)
{
	__u32 wake = ring_wake;
	void *ring;

	if (wake == QTAP_WAKE_NEVER)
		return BPF_RB_NO_WAKEUP;
	if (wake == QTAP_WAKE_FULL && !urgent) {
		ring = this_ring();
		if (!ring || bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < config.wake_bytes)
			return BPF_RB_NO_WAKEUP;
	}
	ring_wake = QTAP_WAKE_NEVER;
	return BPF_RB_FORCE_WAKEUP;
}

/* Room for `bytes`, a constant, in the ring of this CPU. */
#define RESERVE_BYTES(bytes)                                                                                 \
	({                                                                                                   \
		void *ring_ = this_ring();                                                                   \
		ring_ ? bpf_ringbuf_reserve(ring_, bytes, 0) : NULL;                                         \
	})

static __always_inline void submit(void *record)
{
	bpf_ringbuf_submit(record, wake_flags(0));
}

static __always_inline void fill_header(struct qtap_record_header *h, __u32 size, __u16 type, __u16 flags,
					__u64 time_ns)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	h->size = size;
	h->type = type;
	h->flags = flags;
	h->time_ns = time_ns;
	h->pid = pid_tgid >> 32;
	h->tid = (__u32)pid_tgid;
	h->cgroup_id = bpf_get_current_cgroup_id();
	h->conn_key = 0;
	h->stream_id = 0;
}

/*
 * Reserves a record without payload, header filled in, the rest zero. NULL: no room, and nothing is counted.
 * The time is taken first: records of one ring come in the order of their reservation, and the reader of
 * several puts them in the order of their times.
 */
#define TRY_RESERVE(rec, rectype, recflags)                                                                  \
	({                                                                                                   \
		__u64 time_ns_ = bpf_ktime_get_boot_ns();                                                    \
		(rec) = RESERVE_BYTES(sizeof(*(rec)));                                                       \
		if (rec) {                                                                                   \
			__builtin_memset((rec), 0, sizeof(*(rec)));                                          \
			fill_header(&(rec)->h, sizeof(*(rec)), rectype, recflags, time_ns_);                 \
		}                                                                                            \
		(rec);                                                                                       \
	})

/* The same for records that are lost when there is no room. */
#define RESERVE(rec, rectype, recflags)                                                                      \
	({                                                                                                   \
		if (!TRY_RESERVE(rec, rectype, recflags))                                                    \
			count_loss(QTAP_LOSS_RING_FULL, 0);                                                  \
		(rec);                                                                                       \
	})

/* The last words about a socket or stream that the ring has no room for: user space fetches them. */
static __always_inline void keep_end(void *table, __u64 key, const void *end)
{
	if (bpf_map_update_elem(table, &key, end, BPF_ANY))
		count_loss(QTAP_LOSS_MAP_FULL, 0);
	else
		__sync_fetch_and_add(&ends_kept, 1);
}

static __always_inline void fill_data(struct qtap_rec_data *rec, const struct payload *p, __u64 len,
				      __u64 captured)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	rec->h.size = sizeof(*rec) + captured;
	rec->h.type = QTAP_REC_DATA;
	rec->h.flags = p->flags | (captured < len ? QTAP_RF_TRUNCATED : 0);
	rec->h.time_ns = p->time_ns;
	rec->h.pid = pid_tgid >> 32;
	rec->h.tid = (__u32)pid_tgid;
	rec->h.cgroup_id = p->cgroup_id;
	rec->h.conn_key = p->conn_key;
	rec->h.stream_id = p->stream_id;
	rec->offset = p->offset;
	rec->full_len = len;
	rec->captured_len = captured;
	rec->wire[0] = p->wire[0];
	rec->wire[1] = p->wire[1];
	rec->filtered = p->filtered;
	rec->budget = p->budget;
	rec->handshake_us = p->handshake_us;
	rec->direction = p->direction;
	rec->stream_kind = p->stream_kind;
	rec->cause = captured < len ? p->cause : 0;
	rec->pad0 = 0;
}

/* Bytes that exist but cannot be copied: the stream's reader learns that they are missing and how many. */
static __noinline void emit_missing(struct payload *p, __u64 len)
{
	struct qtap_rec_data *rec;

	if (len > 0xffffffffULL)
		len = 0xffffffffULL;
	rec = RESERVE_BYTES(sizeof(*rec));
	if (rec) {
		fill_data(rec, p, len, 0);
		submit(rec);
	}
	count_loss(rec ? p->cause : QTAP_LOSS_RING_FULL, len);
	p->offset += len;
}

/* One record with `len` bytes, len <= room. Reserve and read stand in one function: the verifier tracks both.
 */
#define EMIT_SIZED(room)                                                                                     \
	do {                                                                                                 \
		rec = RESERVE_BYTES(sizeof(*rec) + (room));                                                  \
		if (!rec)                                                                                    \
			goto full;                                                                           \
		/* clang 14 would drop the comparison as known; the verifier needs to see it (kernel.md, 3)  \
		 */                                                                                          \
		asm volatile("" : "+r"(len));                                                                \
		if (len > (room) || bpf_probe_read_user(rec + 1, len, (void *)p->seg)) {                     \
			p->cause = QTAP_LOSS_FAULT;                                                          \
			count_loss(QTAP_LOSS_FAULT, len);                                                    \
			fill_data(rec, p, len, 0);                                                           \
			p->cause = 0;                                                                        \
		} else {                                                                                     \
			fill_data(rec, p, len, len);                                                         \
		}                                                                                            \
		bpf_ringbuf_submit(rec, wake_flags((room) == QTAP_DATA_MAX && reader_skips));                \
	} while (0)

/* Copies as many bytes as a variable says into a record that is reserved with just that size: 6.16. */
extern int KFUNC(bpf_probe_read_user_dynptr)(struct bpf_dynptr *to, __u64 offset, __u64 bytes,
					     const void *from__ign) __ksym __weak;

static __noinline int emit_exact(struct payload *p, __u64 len)
{
	void *ring = this_ring();
	struct qtap_rec_data *rec;
	struct bpf_dynptr place;
	__u64 copied = len;

	if (!ring)
		return 1;
	if (bpf_ringbuf_reserve_dynptr(ring, sizeof(*rec) + len, 0, &place))
		goto full;
	rec = bpf_dynptr_data(&place, 0, sizeof(*rec));
	if (!rec)
		goto full;
	if (KFUNC(bpf_probe_read_user_dynptr)(&place, sizeof(*rec), len, (void *)p->seg)) {
		count_loss(QTAP_LOSS_FAULT, len);
		p->cause = QTAP_LOSS_FAULT;
		copied = 0;
	}
	fill_data(rec, p, len, copied);
	p->cause = 0;
	bpf_ringbuf_submit_dynptr(&place, wake_flags(len > 4096 && reader_skips));
	return 0;
full:
	bpf_ringbuf_discard_dynptr(&place, BPF_RB_NO_WAKEUP);
	return 1;
}

static __noinline void emit_piece(struct payload *p, __u64 len)
{
	struct qtap_rec_data *rec;

	if (bpf_ksym_exists(KFUNC(bpf_probe_read_user_dynptr))) {
		if (emit_exact(p, len))
			goto full;
		return;
	}
	if (len <= 256)
		EMIT_SIZED(256);
	else if (len <= 1024)
		EMIT_SIZED(1024);
	else if (len <= 4096)
		EMIT_SIZED(4096);
	else
		EMIT_SIZED(QTAP_DATA_MAX);
	return;
full:
	count_loss(QTAP_LOSS_RING_FULL, len);
}

/*
 * Delivers the next piece; returns 1 when nothing is left that could be. The verifier must see that every
 * turn of the loop is like the one before, or it walks them all: so it is made to forget what it knows about
 * the positions.
 */
static __always_inline long emit_step(struct payload *p)
{
	__u64 zero = unknown_zero;
	__u64 offset = p->offset ^ zero, seg = p->seg ^ zero;
	__u64 len = (p->end - offset) ^ zero, seg_len = (p->seg_end - seg) ^ zero;

	if (!len)
		return 1;
	if (!seg_len) {
		struct user_iovec next = {};
		__u64 left = p->iovs_left ^ zero;

		if (!left || bpf_probe_read_user(&next, sizeof(next), (void *)p->iov)) {
			p->cause = left ? QTAP_LOSS_FAULT : QTAP_LOSS_NO_BUFFER;
			return 1;
		}
		p->iov = (p->iov + sizeof(next)) ^ zero;
		p->iovs_left = (left - 1) ^ zero;
		p->seg = next.base;
		p->seg_end = next.base + next.len;
		return 0;
	}
	if (len > seg_len)
		len = seg_len;
	if (len > QTAP_DATA_MAX)
		len = QTAP_DATA_MAX;
	emit_piece(p, len);
	p->seg = (seg + len) ^ zero;
	p->offset = (offset + len) ^ zero;
	return 0;
}

/* 1024 segments is the most that one call may have (UIO_MAXIOV), each takes two turns; 64 MiB are 4096
 * pieces. */
#define EMIT_STEPS (2 * 1024 + 4096)

static long emit_step_callback(__u32 index, void *p)
{
	return emit_step(*(struct payload **)p);
}

VERIFIED_ONCE int emit_pieces(struct payload *p)
{
	if (!p)
		return 0;
	bpf_loop(EMIT_STEPS, emit_step_callback, &p, 0);
	return 0;
}

/* Before bpf_loop() (5.17) the verifier walks every turn: 1 MiB. Before 5.13 it takes no pointers: by a map.
 */
#define EMIT_STEPS_BOUNDED 64

VERIFIED_ONCE int emit_pieces_bounded(__u64 pid_tgid)
{
	struct payload *p = bpf_map_lookup_elem(&payload_by_thread, &pid_tgid);

	if (!p)
		return 0;
	for (int i = 0; i < EMIT_STEPS_BOUNDED; i++)
		if (emit_step(p))
			break;
	return 0;
}

static __always_inline void emit_pieces_by_map(struct payload *p)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct payload *done;

	if (bpf_map_update_elem(&payload_by_thread, &pid_tgid, p, BPF_ANY)) {
		p->cause = QTAP_LOSS_MAP_FULL;
		return;
	}
	emit_pieces_bounded(pid_tgid);
	done = bpf_map_lookup_elem(&payload_by_thread, &pid_tgid);
	if (done) {
		p->offset = done->offset;
		p->cause = done->cause;
	}
	bpf_map_delete_elem(&payload_by_thread, &pid_tgid);
}

/* Delivers all of the payload in pieces; what cannot be is a counted gap. `loop` is a constant. */
static __always_inline void emit_payload(struct payload *p, int loop)
{
	__u64 end = p->end;

	if (end - p->offset > config.max_call_bytes)
		p->end = p->offset + config.max_call_bytes;
	p->time_ns = bpf_ktime_get_boot_ns();
	p->cgroup_id = bpf_get_current_cgroup_id();
	if (loop && p->end - p->offset <= QTAP_DATA_MAX && p->end - p->offset <= p->seg_end - p->seg) {
		emit_piece(p, p->end - p->offset); /* nearly always */
		p->offset = p->end;
	} else if (loop)
		emit_pieces(p);
	else
		emit_pieces_by_map(p);
	if (p->offset == end)
		return;
	if (!p->cause) /* stopped by our limit, or more pieces than the loop has turns */
		p->cause = QTAP_LOSS_CALL_LIMIT;
	emit_missing(p, end - p->offset);
}

#endif /* QTAP_EMIT_H */
