/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Kernel-side state that user space also looks at: it removes the streams of processes that are gone, reads
 * the loss counters, and fetches the ends that the ring had no room for.
 */
#ifndef QTAP_SHARED_STATE_H
#define QTAP_SHARED_STATE_H

#include "records.h"

/* A TLS object: its address means something only together with its process. */
struct qtap_stream_key {
	__u64 ssl;
	__u32 tgid;
	__u32 pad0;
};

struct qtap_stream {
	__u64 stream_id;
	__u64 created_ns;   /* CLOCK_BOOTTIME; a stream older than its process image is stale */
	__u64 offset[2];    /* plain-text bytes so far, by direction, delivered or not */
	__u64 filtered[2];  /* of these: left out because user space asked for that */
	__u64 budget[2];    /* of these: left out because the process is over its budget */
	__u64 conn_key;	    /* the socket it runs over, 0 = not known */
	__u64 sk;	    /* the address of that socket, to find its entry again; never dereferenced */
	__u32 generation;   /* counts the connections that one TLS object served */
	__u16 memory_bio;   /* 1: does no socket I/O of its own, so nesting tells nothing about its socket */
	__u16 wrote_memory; /* 1: and it was seen how it wrote into its BIO */
	__u64 handshake_ns; /* CLOCK_BOOTTIME: the first handshake call began, 0 = not seen */
	__u32 handshake_us; /* until the one that succeeded had ended, 0 = not (yet) */
	__u32 from_start;   /* 1: SSL_clear was seen, which begins each connection, or its first record */
};

/*
 * The last words about a socket that found the ring full. Nothing else would ever tell that it ended, nor how
 * much of it was lost. Of TLS streams the same is a qtap_rec_count.
 */
struct qtap_unsent_close {
	struct qtap_rec_open open; /* when it was not told about before; else its size is 0 */
	struct qtap_rec_count close;
};

/* A socket as far as user space needs it, the beginning of the kernel side's struct sock_state. */
struct qtap_socket {
	__u64 conn_key;
	__u64 bytes[2];	   /* payload so far, by direction */
	__u64 filtered[2]; /* of these: counted, not copied */
	__u64 budget[2];   /* of these: not copied because the process is over its budget */
};

/* A UDP socket and one of its peers. */
struct qtap_udp_key {
	__u64 sk;    /* its address: names it, is never dereferenced by user space */
	__u64 inode; /* and of its inode: addresses are used again */
	__u8 remote_ip[16];
	__u16 remote_port; /* host order */
	__u16 family;	   /* 0: it was received from nobody knows whom (recvfrom without an address) */
	__u32 pad0;
};

struct qtap_udp_flow {
	struct qtap_socket now;
	__u64 last_ns; /* CLOCK_BOOTTIME of the last datagram */
	__u32 tgid;
	__u8 role;   /* QTAP_ROLE_* */
	__u8 opened; /* OPEN is in the ring */
	__u8 is_dns;
	__u8 pad0;
};

/* What user space does not want of a stream or socket: bytes before this offset, by direction. */
struct qtap_skip {
	__u64 until[2];
	__u32 by_budget[2]; /* 1: it would be wanted, but there is no budget for it */
};

/* What capturing a process took so far. */
struct qtap_cost {
	__u64 ns;    /* in programs, and in the traps that lead there */
	__u64 calls; /* that moved bytes or were traced */
};

/* A TCP port that somebody listens on. */
struct qtap_listener {
	__u32 netns;
	__u16 port; /* host order */
	__u16 pad0;
};

/* Connections that the iterators found at start. */
struct qtap_older {
	__u64 left;	/* how many more may be added: the table is not for them alone */
	__u64 untold;	/* in this pass: the ring had no room for their OPEN */
	__u64 left_out; /* in all passes, each once: there was no room in the table */
};

/* A process has mapped code of a file that is named like a TLS library, or writes TLS records to a BIO that
 * no probe is on. */
struct qtap_mapped {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 inode;   /* of the file, ... */
	__u32 device;  /* ... as the kernel has it: 12 bits of major, 20 of minor number */
	__u32 tgid;
	__u32 what; /* QTAP_MAPPED_* */
	__u32 pad0;
};
#define QTAP_MAPPED_OTHER 0u /* libcrypto, and what else is named like it */
#define QTAP_MAPPED_SSL 1u
#define QTAP_MAPPED_CUSTOM_BIO 2u /* no file: a BIO was used */

/* One per CPU and cause. */
struct qtap_loss {
	__u64 records;
	__u64 bytes;
};

/* ring_wake: when the kernel side wakes the reader. Waking per record costs three times the copy (IPI). */
#define QTAP_WAKE_NEVER 0u /* the wakeup was sent, or the reader polls by itself */
#define QTAP_WAKE_FULL 1u  /* when an eighth of the ring is waiting: the reader polls on a timer meanwhile */
#define QTAP_WAKE_ANY 2u   /* at the next record: the reader sleeps */

#endif /* QTAP_SHARED_STATE_H */
