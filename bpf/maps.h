/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map and global of the kernel side, declared once. Defined in maps.bpf.c (which sets
 * QTAP_DEFINE_MAPS); the other objects see extern declarations and bpftool links them together.
 *
 * Maps are named by their content. All of them are bounded; a full one is counted as QTAP_LOSS_MAP_FULL. The
 * sizes here are those of one host full of work; user space may change them before load.
 */
#ifndef QTAP_MAPS_H
#define QTAP_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "shared/config.h"
#include "shared/records.h"
#include "shared/state.h"

#ifdef QTAP_DEFINE_MAPS
#define QTAP_EXTERN
#else
#define QTAP_EXTERN extern
#endif

/* What is known about a TCP socket. */
enum sock_class {
	SOCK_UNDECIDED = 0, /* not enough bytes seen */
	SOCK_TLS,	    /* carries TLS records: hellos are copied, the rest is counted */
	SOCK_PLAIN,	    /* carries HTTP: everything is copied */
	SOCK_OTHER,	    /* carries something else: the first bytes are copied, the rest is counted */
};

struct sock_state {
	struct qtap_socket now;
	__u64 bound_stream; /* the TLS stream that runs over it, 0 = none known */
	__u64 sent_ssl;	    /* whose TLS record was sent on it, see prefix_sent() */
	__u64 bound_ssl;    /* its key, to see whether it is still there */
	__u64 cookie;
	__u64 start_ns;	      /* connect() began, 0 = unknown */
	__u64 established_ns; /* the handshake of that connect() ended, 0 = not (yet) */
	__u64 copy_until[2];  /* offset behind the last byte to copy while the class limits copying */
	__u64 head[2];	      /* the first 8 bytes, for the classification */
	__u64 counted_ns;     /* the last COUNT record: when, ... */
	__u64 counted_bytes;  /* ... and how many bytes it told about */
	__u8 local_ip[16];
	__u8 remote_ip[16];
	__u16 local_port;
	__u16 remote_port;
	__u16 family;
	__u8 role;
	__u8 class;
	__u8 head_len[2];
	__u8 opened;	  /* OPEN is in the ring */
	__u8 tunnel;	  /* began with CONNECT: TLS may follow inside */
	__u8 in_progress; /* connect() returned before the handshake ended */
	__u8 older;	  /* its beginning was not seen */
	__u8 pad0[2];
	__u32 netns;
	__s32 fd;   /* of that connect() */
	__u32 tgid; /* who used it last */
	__u32 bound_tgid;
};

/* One SSL_* call that is running on a thread. */
struct ssl_frame {
	__u64 sp; /* stack pointer at entry: names the frame, and tells outer from stale */
	__u64 ssl;
	__u64 buf;
	__u64 len;
	__u64 done;	/* *_ex: where the length is returned */
	__u64 began_ns; /* handshakes only */
	__u8 kind;	/* enum ssl_call */
	__u8
	    io; /* IO_READ, IO_WRITE, IO_FIRST: socket calls made inside; IO_MEMORY: a record went to a BIO */
	__u8 mixed; /* another SSL object was used inside: what is nested may belong to that one */
	__u8 tails; /* returns to come that belong to the same call */
	__u8 pad0[4];
};

/* TLS inside TLS (HTTPS proxies) needs two; callbacks that call SSL_* from within SSL_* some more. What is
 * nested deeper is counted as QTAP_LOSS_NO_ENTRY, and its bytes are in no ledger. */
#define SSL_FRAMES 4

struct ssl_thread {
	__u32 depth;
	__u32 pad0;
	struct ssl_frame frame[SSL_FRAMES];
};

/*
 * Bytes of a stream on their way into the ring: where they are, and what is to be said about them.
 */
struct payload {
	__u64 conn_key;
	__u64 stream_id;
	__u64 offset; /* of the next byte in the stream */
	__u64 end;    /* of the last byte, plus one */
	__u64 seg;    /* user memory: the rest of the current segment, ... */
	__u64 seg_end;
	__u64 iov; /* ... and the iovec that describes the next one */
	__u64 iovs_left;
	__u64 time_ns;
	__u64 cgroup_id;
	__u64 wire[2];	/* as in qtap_rec_data */
	__u64 filtered; /* as in qtap_rec_data */
	__u64 budget;	/* as in qtap_rec_data */
	__u32 handshake_us;
	__u16 flags;
	__u8 direction;
	__u8 stream_kind;
	__u8 cause; /* QTAP_LOSS_*: why the rest could not be delivered */
	__u8 pad0[7];
};

/* One ring for each group of CPUs, made by user space: writers of one ring wait for each other. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} rings SEC(".maps");

QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, QTAP_LOSS_CAUSES);
	__type(key, __u32);
	__type(value, struct qtap_loss);
} loss_by_cause SEC(".maps");

/* Keyed by the address of the struct sock: addresses are reused, so the entry goes when the socket is
 * destroyed. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct sock_state);
} state_by_sock SEC(".maps");

QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct qtap_stream_key);
	__type(value, struct qtap_stream);
} stream_by_ssl SEC(".maps");

/* UDP: by socket and peer. User space removes idle ones. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct qtap_udp_key);
	__type(value, struct qtap_udp_flow);
} udp_flows SEC(".maps");

/* Keyed by conn_key. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct qtap_unsent_close);
} unsent_closes SEC(".maps");

/* Keyed by stream_id. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct qtap_rec_count);
} unsent_stream_ends SEC(".maps");

/* Keyed by stream_id, or conn_key for the socket's own bytes; written by user space, removed at the end. What
 * is forgotten early only comes all the same. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct qtap_skip);
} skip_by_stream SEC(".maps");

/* Keyed by process; only with a budget (config.budgets), else of one entry. A process that is forgotten here
 * begins at zero, which user space notices. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct qtap_cost);
} cost_by_tgid SEC(".maps");

/* QTAP_LEVEL_* of the processes that are not at FULL; written by user space. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} level_by_tgid SEC(".maps");

/*
 * How a TLS record begins that a TLS object wrote, and which one that was. Its first bytes are unique: a
 * hello holds 32 random ones (RFC 8446 4.1.2), everything after the handshake is encrypted.
 */
#define RECORD_HEADER 5
#define PREFIX_BYTES 32
#define PREFIX_MIN (RECORD_HEADER + 16) /* shorter records (change_cipher_spec, alerts) may be alike */

struct record_prefix {
	__u32 tgid;
	__u8 bytes[PREFIX_BYTES]; /* of one record; zero behind its end */
};

QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct record_prefix);
	__type(value, __u64);
} ssl_by_prefix SEC(".maps");

/* The SSL_* calls of a thread, for its life: kept with the thread where the kernel does that well, ... */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ssl_thread);
} ssl_calls_of_task SEC(".maps");

/* ... else keyed by pid_tgid. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct ssl_thread);
} ssl_calls_by_thread SEC(".maps");

/* The number of the copy of on_sys_exit that ran last for the thread, 0 after all. Only where there are
 * copies. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u32);
} exit_copy_of_task SEC(".maps");

/* Where connections that are older than us were accepted; filled at start. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct qtap_listener);
	__type(value, __u8);
} listeners SEC(".maps");

/* Older sockets that were left out, by address: counted once, though the iterator meets them in each pass and
 * with each of their descriptors. As many as there are in state_by_sock; those beyond may count again. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* hardly ever used; iterators run in process context */
	__type(key, __u64);
	__type(value, __u8);
} older_left_out SEC(".maps");

/* Of struct qtap_mapped, for user space alone: no recording holds them. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} mapped SEC(".maps");

struct mapped_file {
	__u64 inode;
	__u32 device;
	__u32 tgid; /* who maps it */
};

/* When it was told, by file and process; who is forgotten here is told of again. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct mapped_file);
	__type(value, __u64);
} mapped_files SEC(".maps");

/* For kernels before 5.17 only: what a running program is delivering. */
QTAP_EXTERN struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct payload);
} payload_by_thread SEC(".maps");

QTAP_EXTERN const volatile struct qtap_bpf_config config;
QTAP_EXTERN const volatile __u32 record_version;

/* QTAP_WAKE_*; written by both sides, a lost update costs one tick of latency. */
QTAP_EXTERN __u32 ring_wake;

/* 1: the reader may want no more of what it gets (skip_by_stream). */
QTAP_EXTERN __u32 reader_skips;

QTAP_EXTERN struct qtap_older older;

/* 1: user space wants to know what is mapped, and of custom BIOs; and how often `mapped` had no room. */
QTAP_EXTERN __u32 tell_mapped;
QTAP_EXTERN __u32 tell_custom_bios;
QTAP_EXTERN __u64 mapped_lost;

/* 1: programs at the end of system calls can be preempted, found out by on_sys_exit in our own calls. Then
 * user space attaches copies of it and says so here; how many calls those took. */
QTAP_EXTERN __u32 calls_are_preemptible;
QTAP_EXTERN __u32 has_exit_copies;
QTAP_EXTERN __u64 taken_by_copies;

/* How many ends were put into these two tables: tells user space when to look. */
QTAP_EXTERN __u64 ends_kept;

/* Tells user space whether to look into udp_flows. */
QTAP_EXTERN __u64 udp_flows_made;

/* Always 0, which the verifier does not know: XOR with it makes it forget the bounds of a number. */
QTAP_EXTERN __u64 unknown_zero;

#endif /* QTAP_MAPS_H */
