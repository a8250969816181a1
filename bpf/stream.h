/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Plain-text streams of TLS objects, and which socket each runs over.
 *
 * In: SSL_* calls that run on a thread (struct ssl_frame), socket calls nested in them, TLS records that they
 * write. Out: BIND, STREAM_END.
 *
 * A socket call inside SSL_* belongs to that SSL object only if the object does its own socket I/O. Programs
 * with memory BIOs (node, asyncio) move the ciphertext later, and their callbacks may write to other sockets
 * from inside SSL_read. So a stream is bound by a nested call only if
 *  - the bytes of the nested call begin with a TLS record header, or (reads) the socket is known to carry
 * TLS;
 *  - no other SSL object was used inside the same call;
 *  - the stream was never seen to work without socket I/O;
 *  - neither side is bound to somebody else who is still there.
 * Unbound is right, wrong is not.
 *
 * Memory BIOs: the record that SSL_* wrote into one is sent on the socket later, by any thread of the
 * process: its first bytes tell which stream that socket carries. Probed is what writes into OpenSSL's own
 * memory BIOs; BIO_write, which every socket BIO pays for as well, only where those are not known, or a
 * program has one of another kind (custom_bio_used()).
 */
#ifndef QTAP_STREAM_H
#define QTAP_STREAM_H

#include "lib/probe.h"

enum ssl_call {
	SSL_CALL_WRITE = 1,
	SSL_CALL_READ,
	SSL_CALL_WRITE_EX,
	SSL_CALL_READ_EX,
	SSL_CALL_HANDSHAKE, /* SSL_do_handshake, SSL_connect, SSL_accept */
	SSL_CALL_FREE,
	SSL_CALL_CLEAR,
	SSL_CALL_BIO_WRITE, /* and what writes into a memory BIO; not of SSL, but called by it */
	SSL_CALL_WRITE_EX2, /* SSL_WRITE_EX with flags before the last argument (OpenSSL 3.3) */
};

#define IO_READ 1
#define IO_WRITE 2
#define IO_SOCKET (IO_READ | IO_WRITE)
#define IO_MEMORY 4
#define IO_FIRST 8 /* the first TLS record that the socket ever carried passed inside */

/* The stream of a TLS object, made on first use. */
static __noinline struct qtap_stream *stream_of(__u64 ssl, __u32 tgid)
{
	struct qtap_stream_key key = {.ssl = ssl, .tgid = tgid};
	struct qtap_stream *stream = bpf_map_lookup_elem(&stream_by_ssl, &key);

	if (!stream) {
		struct qtap_stream fresh = {.stream_id = new_key(), .created_ns = bpf_ktime_get_boot_ns()};

		if (bpf_map_update_elem(&stream_by_ssl, &key, &fresh, BPF_NOEXIST))
			return NULL;
		stream = bpf_map_lookup_elem(&stream_by_ssl, &key);
	}
	return stream;
}

/* Older than the probes: what it carried before is not known. */
static __always_inline __u16 late_flag(const struct qtap_stream *stream)
{
	return stream->from_start ? 0 : QTAP_RF_LATE;
}

static __always_inline void fill_stream_end(struct qtap_rec_count *rec, const struct qtap_stream *stream)
{
	rec->h.conn_key = stream->conn_key;
	rec->h.stream_id = stream->stream_id;
	rec->bytes[QTAP_SENT] = stream->offset[QTAP_SENT];
	rec->bytes[QTAP_RECEIVED] = stream->offset[QTAP_RECEIVED];
	rec->filtered[QTAP_SENT] = stream->filtered[QTAP_SENT];
	rec->filtered[QTAP_RECEIVED] = stream->filtered[QTAP_RECEIVED];
	rec->budget[QTAP_SENT] = stream->budget[QTAP_SENT];
	rec->budget[QTAP_RECEIVED] = stream->budget[QTAP_RECEIVED];
}

static __noinline int emit_stream_end(const struct qtap_stream *stream)
{
	__u64 stream_id = stream->stream_id;
	struct qtap_rec_count *rec;
	struct qtap_rec_count kept = {};

	if (!stream->conn_key && !stream->offset[0] && !stream->offset[1])
		return 0; /* nobody has heard of it */
	bpf_map_delete_elem(&skip_by_stream, &stream_id);
	if (TRY_RESERVE(rec, QTAP_REC_STREAM_END, late_flag(stream))) {
		fill_stream_end(rec, stream);
		submit(rec);
		return 0;
	}
	fill_header(&kept.h, sizeof(kept), QTAP_REC_STREAM_END, late_flag(stream), bpf_ktime_get_boot_ns());
	fill_stream_end(&kept, stream);
	keep_end(&unsent_stream_ends, stream_id, &kept);
	return 0;
}

static __always_inline void stream_unbind_socket(const struct qtap_stream *stream)
{
	__u64 sk = stream->sk;
	struct sock_state *st = sk ? bpf_map_lookup_elem(&state_by_sock, &sk) : NULL;

	if (st && st->bound_stream == stream->stream_id)
		st->bound_stream = 0;
}

/* What the running thread does; NULL: it never called SSL_*. */
static __always_inline struct ssl_thread *thread_of(__u64 pid_tgid)
{
	if (config.task_storage)
		return bpf_task_storage_get(&ssl_calls_of_task, bpf_get_current_task_btf(), NULL, 0);
	return bpf_map_lookup_elem(&ssl_calls_by_thread, &pid_tgid);
}

/* The innermost SSL_* call that the thread is in, given where its stack is now. */
static __always_inline struct ssl_frame *active_frame(__u64 pid_tgid, __u64 sp)
{
	struct ssl_thread *thread = thread_of(pid_tgid);
	struct ssl_frame *frame;

	if (!thread || !thread->depth)
		return NULL;
	frame = &thread->frame[(thread->depth - 1) & (SSL_FRAMES - 1)];
	/* The stack grows down: a call that is still running began above. Others returned without being seen.
	 */
	return frame->sp > sp ? frame : NULL;
}

/* Is the stream that the socket is bound to still there and used by this process? */
static __always_inline int socket_is_taken(const struct sock_state *st, __u32 tgid)
{
	struct qtap_stream_key key = {.ssl = st->bound_ssl, .tgid = st->bound_tgid};
	struct qtap_stream *holder;

	if (!st->bound_stream || st->bound_tgid != tgid) /* after fork() the child may go on with it */
		return 0;
	holder = bpf_map_lookup_elem(&stream_by_ssl, &key);
	return holder && holder->stream_id == st->bound_stream;
}

/* Something showed that the TLS object runs over the socket; `method`: QTAP_BIND_*. */
VERIFIED_ONCE int stream_bind(__u64 ssl, __u64 sk, __u32 tgid, __u32 method)
{
	struct sock_state *st = bpf_map_lookup_elem(&state_by_sock, &sk);
	struct qtap_stream *stream = stream_of(ssl, tgid);
	struct sock_state *old;
	struct qtap_rec_bind *rec;
	__u64 old_sk;

	if (!stream)
		count_loss(QTAP_LOSS_MAP_FULL, 0);
	if (!stream || !st)
		return 0;
	if ((stream->memory_bio && method == QTAP_BIND_NESTED) || stream->conn_key == st->now.conn_key ||
	    socket_is_taken(st, tgid))
		return 0;
	if (stream->conn_key) {
		old_sk = stream->sk;
		old = bpf_map_lookup_elem(&state_by_sock, &old_sk);
		if (old && old->now.conn_key == stream->conn_key)
			return 0; /* still connected elsewhere */
		/* The object was used for another connection. */
		emit_stream_end(stream);
		stream->stream_id = new_key();
		stream->generation++;
		stream->offset[QTAP_SENT] = 0;
		stream->offset[QTAP_RECEIVED] = 0;
		stream->filtered[QTAP_SENT] = 0;
		stream->filtered[QTAP_RECEIVED] = 0;
		stream->budget[QTAP_SENT] = 0;
		stream->budget[QTAP_RECEIVED] = 0;
		stream->from_start = 1;
		stream->handshake_ns = 0;
		stream->handshake_us = 0;
	}
	stream->conn_key = st->now.conn_key;
	stream->sk = sk;
	st->bound_stream = stream->stream_id;
	st->bound_ssl = ssl;
	st->bound_tgid = tgid;
	if (RESERVE(rec, QTAP_REC_BIND, QTAP_RF_TLS)) {
		rec->h.conn_key = stream->conn_key;
		rec->h.stream_id = stream->stream_id;
		rec->stream_kind = QTAP_STREAM_OPENSSL;
		rec->method = method;
		submit(rec);
	}
	return 0;
}

/* Reads how the TLS record at `base` begins; returns whether that is enough to know it by. */
static __always_inline int read_prefix(struct record_prefix *prefix, __u64 base, __u64 len)
{
	__u32 record_len;

	if (len < PREFIX_MIN || bpf_probe_read_user(prefix->bytes, PREFIX_MIN, (void *)base))
		return 0;
	if (!is_tls_record(prefix->bytes))
		return 0;
	record_len = RECORD_HEADER + ((__u32)prefix->bytes[3] << 8 | prefix->bytes[4]);
	if (record_len >= PREFIX_BYTES && len >= PREFIX_BYTES)
		return !bpf_probe_read_user(prefix->bytes, PREFIX_BYTES, (void *)base);
	return record_len >= PREFIX_MIN; /* so short a record: what we have names it as well */
}

/* A TLS object writes: if that is a record, remember it until its socket is known. Returns whether it was one
 * that can be remembered; libssl keeps its transcript of the handshake in a memory BIO, too. */
VERIFIED_ONCE int prefix_written(__u64 ssl, __u64 base, __u64 len, __u64 pid_tgid)
{
	struct qtap_stream_key key = {.ssl = ssl, .tgid = pid_tgid >> 32};
	struct qtap_stream *stream = bpf_map_lookup_elem(&stream_by_ssl, &key);
	struct record_prefix prefix = {.tgid = pid_tgid >> 32};

	if (stream && stream->conn_key)
		return 0;
	if (!read_prefix(&prefix, base, len))
		return 0;
	bpf_map_update_elem(&ssl_by_prefix, &prefix, &ssl, BPF_ANY);
	return 1;
}

/* A socket without a stream sends a TLS record: whose is it? Returns whether that is known now, in sent_ssl:
 * to bind from here would be one call too deep for the 512 bytes of stack that all calls share. */
VERIFIED_ONCE int prefix_sent(__u64 sk, __u64 base, __u64 len, __u32 tgid)
{
	struct sock_state *st = bpf_map_lookup_elem(&state_by_sock, &sk);
	struct record_prefix prefix = {.tgid = tgid};
	__u64 *ssl;

	if (!st || !read_prefix(&prefix, base, len))
		return 0;
	ssl = bpf_map_lookup_elem(&ssl_by_prefix, &prefix);
	if (!ssl)
		return 0;
	st->sent_ssl = *ssl;
	bpf_map_delete_elem(&ssl_by_prefix, &prefix);
	return 1;
}

#endif /* QTAP_STREAM_H */
