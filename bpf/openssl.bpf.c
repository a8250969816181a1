// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * OpenSSL 1.1 and 3: the plain text of SSL_write, SSL_read and their _ex forms, taken when the call returns:
 * only then is it known how much was transferred, and the bytes are certainly in memory. A write that has to
 * be retried (WANT_WRITE) returns <= 0 and so counts once.
 *
 * The handshake calls are probed as well, so that hellos are known to be nested in a TLS object. SSL_peek is
 * not: its bytes come again with SSL_read.
 */
#include "mapped.h"
#include "stream.h"

static __always_inline int is_write(__u8 kind)
{
	return kind == SSL_CALL_WRITE || kind == SSL_CALL_WRITE_EX;
}

static __always_inline int is_read(__u8 kind)
{
	return kind == SSL_CALL_READ || kind == SSL_CALL_READ_EX;
}

static const struct ssl_thread fresh_thread = {}; /* too large for the stack */

static __always_inline struct ssl_thread *thread_calls(__u64 pid_tgid)
{
	struct ssl_thread *thread;

	if (config.task_storage) {
		thread = bpf_task_storage_get(&ssl_calls_of_task, bpf_get_current_task_btf(), NULL,
					      BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!thread)
			count_loss(QTAP_LOSS_MAP_FULL, 0);
		return thread;
	}
	thread = bpf_map_lookup_elem(&ssl_calls_by_thread, &pid_tgid);
	if (!thread) {
		bpf_map_update_elem(&ssl_calls_by_thread, &pid_tgid, &fresh_thread, BPF_NOEXIST);
		thread = bpf_map_lookup_elem(&ssl_calls_by_thread, &pid_tgid);
		if (!thread)
			count_loss(QTAP_LOSS_MAP_FULL, 0);
	}
	return thread;
}

static __noinline int ssl_free(__u64 ssl, __u64 pid_tgid)
{
	struct qtap_stream_key key = {.ssl = ssl, .tgid = pid_tgid >> 32};
	struct qtap_stream *stream = bpf_map_lookup_elem(&stream_by_ssl, &key);

	if (stream) {
		stream_unbind_socket(stream);
		emit_stream_end(stream);
		bpf_map_delete_elem(&stream_by_ssl, &key);
	}
	return 0;
}

/* SSL_new calls SSL_clear, and so does each first handshake (OpenSSL 1.1.1 to 3.5, state_machine()): what
 * comes next is a stream from its first byte. */
static __noinline int ssl_clear(__u64 ssl, __u64 pid_tgid)
{
	struct qtap_stream *stream;

	ssl_free(ssl, pid_tgid);
	stream = stream_of(ssl, pid_tgid >> 32);
	if (stream)
		stream->from_start = 1;
	else
		count_loss(QTAP_LOSS_MAP_FULL, 0);
	return 0;
}

/* BIO_write, BIO_write_ex and what they call of memory BIOs: (BIO *, const void *data, int or size_t len). */
static __always_inline int bio_write(struct pt_regs *ctx, __u64 pid_tgid)
{
	struct ssl_frame *frame = active_frame(pid_tgid, ENTRY_SP(ctx));

	if (frame && prefix_written(frame->ssl, PT_REGS_PARM2(ctx), (__u32)PT_REGS_PARM3(ctx), pid_tgid))
		frame->io |= IO_MEMORY;
	return 0;
}

/* Calls without a return probe: what they cost is known as they begin. */
static __always_inline int is_only_entered(__u8 kind)
{
	return kind == SSL_CALL_FREE || kind == SSL_CALL_CLEAR || kind == SSL_CALL_BIO_WRITE;
}

static __always_inline int ssl_entered(struct pt_regs *ctx, __u8 kind, __u64 pid_tgid)
{
	__u64 sp = ENTRY_SP(ctx);
	__u64 ssl = PT_REGS_PARM1(ctx);
	__u64 fourth = PT_REGS_PARM4(ctx);
	__u64 fifth = PT_REGS_PARM5(ctx);
	struct ssl_thread *thread;
	struct ssl_frame *frame;
	__u32 depth;

	if (kind == SSL_CALL_FREE)
		return ssl_free(ssl, pid_tgid);
	if (kind == SSL_CALL_CLEAR)
		return ssl_clear(ssl, pid_tgid);
	if (kind == SSL_CALL_BIO_WRITE)
		return bio_write(ctx, pid_tgid);
	thread = thread_calls(pid_tgid);
	if (!thread)
		return 0;
	depth = thread->depth & 7;
	frame = &thread->frame[(depth - 1) & (SSL_FRAMES - 1)];
	if (depth && kind == SSL_CALL_HANDSHAKE && frame->kind == kind && frame->sp == sp &&
	    frame->ssl == ssl) {
		frame->tails++; /* SSL_connect() jumps to SSL_do_handshake(): one stack, two returns */
		return 0;
	}
	for (int i = 0; i < SSL_FRAMES; i++) /* calls that never returned (longjmp, cancelled threads) */
		if (depth && thread->frame[(depth - 1) & (SSL_FRAMES - 1)].sp <= sp)
			depth--;
	if (depth >= SSL_FRAMES) {
		/* Its bytes are unknown: the return probe sees what the function returns, not its arguments,
		 * so neither which object it was, nor (*_ex) how many. They are in no offset, gap or ledger.
		 * It counts twice: here, and as it returns. */
		count_loss(QTAP_LOSS_NO_ENTRY, 0);
		return 0;
	}
	if (depth && thread->frame[(depth - 1) & (SSL_FRAMES - 1)].ssl != ssl)
		thread->frame[(depth - 1) & (SSL_FRAMES - 1)].mixed = 1;
	frame = &thread->frame[depth & (SSL_FRAMES - 1)];
	frame->sp = sp;
	frame->ssl = ssl;
	frame->buf = PT_REGS_PARM2(ctx);
	frame->len = PT_REGS_PARM3(ctx);
	barrier_var(fourth); /* clang would choose between two addresses in ctx, which the verifier forbids */
	barrier_var(fifth);
	frame->done = kind == SSL_CALL_WRITE_EX2 ? fifth : fourth;
	frame->kind = kind == SSL_CALL_WRITE_EX2 ? SSL_CALL_WRITE_EX : kind;
	frame->began_ns = kind == SSL_CALL_HANDSHAKE ? bpf_ktime_get_boot_ns() : 0;
	frame->io = 0;
	frame->mixed = 0;
	frame->tails = 0;
	thread->depth = depth + 1;
	return 0;
}

static __always_inline int ssl_enter(struct pt_regs *ctx, __u8 kind)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 began;

	if (is_self(pid_tgid))
		return 0;
	began = cost_begins();
	ssl_entered(ctx, kind, pid_tgid);
	if (config.budgets && is_only_entered(kind))
		charge(pid_tgid >> 32, began, config.trap_ns / 2); /* one trap of the two */
	return 0;
}

/* How many bytes the call moved; -1 = it failed or wants to be called again. */
static __always_inline __s64 transferred(const struct ssl_frame *frame, __u64 rc)
{
	__u64 done = 0;
	__s32 ret = (__s32)rc;

	if (frame->kind == SSL_CALL_HANDSHAKE)
		return ret == 1 ? 0 : -1;
	if (frame->kind == SSL_CALL_WRITE || frame->kind == SSL_CALL_READ)
		return ret > 0 ? ret : -1;
	if (ret != 1)
		return -1;
	if (bpf_probe_read_user(&done, sizeof(done), (void *)frame->done)) {
		count_loss(QTAP_LOSS_FAULT, 0);
		return -1;
	}
	return done <= frame->len ? (__s64)done : -1;
}

/*
 * A call that had to touch the socket and did not: the object works on memory BIOs. Reads and handshakes that
 * succeed may have been served from what was read before.
 */
static __always_inline int shows_memory_bio(const struct ssl_frame *frame, __s64 n)
{
	if ((frame->io & IO_SOCKET) || frame->mixed)
		return 0;
	return is_write(frame->kind) ? n > 0 : n < 0;
}

/* A call that must have written records, of an object that works on memory BIOs, and nobody saw it write: a
 * whole handshake, or plain text. */
static __always_inline int writes_unseen(const struct qtap_stream *stream, const struct ssl_frame *frame,
					 __s64 n)
{
	if (!stream->memory_bio || stream->wrote_memory || stream->conn_key)
		return 0;
	if (frame->kind == SSL_CALL_HANDSHAKE)
		return n == 0 && stream->from_start;
	return is_write(frame->kind) && n > 0;
}

/*
 * Non-blocking programs call until it succeeds; some call again later, when there is nothing left to do, or
 * to negotiate anew (TLS 1.2). So of a TLS object that is older than the probes a handshake says nothing: it
 * had plain text before, maybe. Unless it is the first that its socket carries.
 */
static __always_inline void handshake_returned(struct qtap_stream *stream, const struct ssl_frame *frame,
					       int succeeded)
{
	__u64 us;

	if (stream->handshake_us || stream->offset[0] || stream->offset[1])
		return;
	if (frame->io & IO_FIRST)
		stream->from_start = 1;
	if (!stream->from_start)
		return;
	if (!stream->handshake_ns)
		stream->handshake_ns = frame->began_ns;
	if (!succeeded)
		return;
	us = (bpf_ktime_get_boot_ns() - stream->handshake_ns) / 1000;
	stream->handshake_us = us == 0 ? 1 : us < 0xffffffffULL ? us : 0xffffffff;
}

/*
 * What the socket carried for this plain text. A message that ends with it is reported with the totals of its
 * connection as they are then, and most fit in one call, long before a COUNT is due.
 */
static __always_inline void read_wire(struct payload *p, __u64 sk)
{
	struct sock_state *st = p->conn_key ? bpf_map_lookup_elem(&state_by_sock, &sk) : NULL;

	if (!st || st->now.conn_key != p->conn_key)
		return;
	p->wire[0] = st->now.bytes[0];
	p->wire[1] = st->now.bytes[1];
}

/* Returns whether the call was one of a process that is captured. */
static __always_inline int ssl_returned(struct pt_regs *ctx, int loop)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 sp = RETURN_SP(ctx);
	struct ssl_thread *thread;
	struct qtap_stream *stream;
	struct ssl_frame frame = {};
	struct payload p = {};
	__u32 depth, at = SSL_FRAMES;
	struct left_out out;
	int direction;
	__s64 n;

	thread = thread_of(pid_tgid);
	if (!thread)
		return 0; /* the call began before we came, or is our own */
	depth = thread->depth & 7;
	for (__u32 i = 0; i < SSL_FRAMES; i++)
		if (i < depth && thread->frame[i].sp == sp)
			at = i;
	if (at >= SSL_FRAMES) {
		count_loss(QTAP_LOSS_NO_ENTRY, 0);
		return 1;
	}
	frame = thread->frame[at & (SSL_FRAMES - 1)];
	if (frame.tails) {
		thread->frame[at & (SSL_FRAMES - 1)].tails--;
		return 1;
	}
	thread->depth = at;
	for (__u32 i = 0; i < SSL_FRAMES; i++) {
		struct ssl_frame *outer = &thread->frame[i];

		if (i >= at || outer->ssl != frame.ssl)
			continue;
		outer->io |= frame.io;
		/* SSL_read built on SSL_read_ex: the outer call delivers the bytes. */
		if ((is_write(outer->kind) && is_write(frame.kind)) ||
		    (is_read(outer->kind) && is_read(frame.kind)))
			return 1;
	}
	n = transferred(&frame, PT_REGS_RC(ctx));
	if (n <= 0 && frame.kind != SSL_CALL_HANDSHAKE && !shows_memory_bio(&frame, n))
		return 1;
	stream = stream_of(frame.ssl, pid_tgid >> 32);
	if (!stream) {
		count_loss(QTAP_LOSS_MAP_FULL, n > 0 ? n : 0);
		return 1;
	}
	if (!stream->conn_key && shows_memory_bio(&frame, n))
		stream->memory_bio = 1;
	if (frame.io & IO_MEMORY)
		stream->wrote_memory = 1;
	if (writes_unseen(stream, &frame, n))
		custom_bio_used(pid_tgid >> 32);
	if (frame.kind == SSL_CALL_HANDSHAKE)
		handshake_returned(stream, &frame, n == 0);
	if (n <= 0)
		return 1;
	direction = is_write(frame.kind) ? QTAP_SENT : QTAP_RECEIVED;
	p.conn_key = stream->conn_key;
	p.stream_id = stream->stream_id;
	p.offset = stream->offset[direction & 1];
	p.end = p.offset + n;
	out = leave_out(pid_tgid >> 32, p.stream_id, direction, p.offset, n);
	stream->filtered[direction & 1] += out.bytes - out.by_budget;
	stream->budget[direction & 1] += out.by_budget;
	stream->offset[direction & 1] += n;
	if (out.bytes == (__u64)n)
		return 1;
	p.filtered = stream->filtered[direction & 1];
	p.budget = stream->budget[direction & 1];
	p.offset += out.bytes;
	p.seg = frame.buf + out.bytes;
	p.seg_end = frame.buf + n;
	p.handshake_us = stream->handshake_us;
	p.flags = late_flag(stream);
	p.direction = direction;
	p.stream_kind = QTAP_STREAM_OPENSSL;
	read_wire(&p, stream->sk);
	emit_payload(&p, loop);
	return 1;
}

static __always_inline int ssl_exit(struct pt_regs *ctx, int loop)
{
	__u64 began = cost_begins();

	if (ssl_returned(ctx, loop) && config.budgets)
		charge(bpf_get_current_pid_tgid() >> 32, began, config.trap_ns);
	return 0;
}

/*
 * Three sets of programs; user space loads the one that the kernel can run:
 *  multi   one link for all functions of a library, told apart by the attach cookie (Linux 6.6)
 *  perf    one probe per function; bpf_loop() (5.17)
 *  bounded the same for 5.10
 */
SEC("uprobe.multi")
int on_ssl_enter_multi(struct pt_regs *ctx)
{
	return ssl_enter(ctx, bpf_get_attach_cookie(ctx));
}

SEC("uretprobe.multi")
int on_ssl_exit_multi(struct pt_regs *ctx)
{
	return ssl_exit(ctx, 1);
}

#define ENTER_PROGRAM(name, kind)                                                                            \
	SEC("uprobe")                                                                                        \
	int name(struct pt_regs *ctx)                                                                        \
	{                                                                                                    \
		return ssl_enter(ctx, kind);                                                                 \
	}

ENTER_PROGRAM(on_ssl_write_enter, SSL_CALL_WRITE)
ENTER_PROGRAM(on_ssl_read_enter, SSL_CALL_READ)
ENTER_PROGRAM(on_ssl_write_ex_enter, SSL_CALL_WRITE_EX)
ENTER_PROGRAM(on_ssl_read_ex_enter, SSL_CALL_READ_EX)
ENTER_PROGRAM(on_ssl_handshake_enter, SSL_CALL_HANDSHAKE)
ENTER_PROGRAM(on_ssl_free_enter, SSL_CALL_FREE)
ENTER_PROGRAM(on_ssl_clear_enter, SSL_CALL_CLEAR)
ENTER_PROGRAM(on_bio_write, SSL_CALL_BIO_WRITE)
ENTER_PROGRAM(on_ssl_write_ex2_enter, SSL_CALL_WRITE_EX2)

SEC("uretprobe")
int on_ssl_exit(struct pt_regs *ctx)
{
	return ssl_exit(ctx, 1);
}

SEC("uretprobe")
int on_ssl_exit_bounded(struct pt_regs *ctx)
{
	return ssl_exit(ctx, 0);
}
