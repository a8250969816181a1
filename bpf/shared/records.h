/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * THE CONTRACT between the kernel side (bpf/) and user space (libqtap/source, libqtap/probe): the layout of
 * every record, in the ring and in a recording (*.qrec). Fixed-width types only, explicit padding, header
 * first; add at the end and raise QTAP_RECORD_VERSION. A layout mismatch refuses to start.
 *
 * Byte order is the machine's; a recording carries a byte-order mark.
 */
#ifndef QTAP_SHARED_RECORDS_H
#define QTAP_SHARED_RECORDS_H

#include <linux/types.h>

#define QTAP_RECORD_VERSION 5u

/* Largest payload of one record. 16 KiB is the largest TLS record (RFC 8446, 5.1); longer calls become
 * several records. */
#define QTAP_DATA_MAX 16384u
#define QTAP_COMM_LEN 16u /* TASK_COMM_LEN, include/linux/sched.h */
#define QTAP_PATH_MAX 256u

/* qtap_record_header.type */
#define QTAP_REC_OPEN                                                                                        \
	1u /* struct qtap_rec_open: connect or accept succeeded, or an older socket was first seen */
#define QTAP_REC_BIND 2u /* struct qtap_rec_bind: a TLS stream was found to run over a socket */
#define QTAP_REC_DATA 3u /* struct qtap_rec_data + captured_len bytes */
#define QTAP_REC_COUNT                                                                                       \
	4u /* struct qtap_rec_count: running totals of a socket, or (stream_id != conn_key) of a TLS stream  \
	    */
#define QTAP_REC_CLOSE                                                                                       \
	5u /* struct qtap_rec_count: the socket is gone; final totals; stream_id: the TLS stream that ran    \
	      over it and has not ended, else conn_key */
#define QTAP_REC_STREAM_END                                                                                  \
	6u /* struct qtap_rec_count: the TLS object or its process is gone; its plain text in all */
#define QTAP_REC_EXEC 7u /* struct qtap_rec_process: a process image started */
#define QTAP_REC_EXIT 8u /* struct qtap_rec_process: the last thread of a process ended */
/* Written by user space into the same sequence, so that a recording is complete in itself: */
#define QTAP_REC_PROCESS_INFO 64u /* struct qtap_rec_process_info + text */
#define QTAP_REC_TICK 65u  /* header only: time passed without traffic; drives expiry and periodic reports */
#define QTAP_REC_LOSS 66u  /* struct qtap_rec_loss: what the kernel side could not deliver, totals so far */
#define QTAP_REC_GAP 67u   /* struct qtap_rec_data with captured_len 0: bytes known to be missing (feed) */
#define QTAP_REC_LEVEL 68u /* struct qtap_rec_level: a budget changed how much of a process is captured */

/* direction, seen from the local process */
#define QTAP_SENT 0u
#define QTAP_RECEIVED 1u

/* qtap_rec_open.role */
#define QTAP_ROLE_UNKNOWN 0u /* the socket is older than the capture, and nothing told */
#define QTAP_ROLE_CLIENT 1u  /* connect() */
#define QTAP_ROLE_SERVER 2u  /* accept(); of older sockets: their local port is listened on */

/* qtap_rec_open.transport. UDP: each DATA is one datagram, or the beginning of one; the connection is that of
 * a socket with one peer. */
#define QTAP_TRANSPORT_TCP 0u
#define QTAP_TRANSPORT_UDP 1u

/* qtap_rec_data.stream_kind */
#define QTAP_STREAM_SOCKET 0u  /* bytes as they cross the socket (plain text, or the TLS hellos) */
#define QTAP_STREAM_OPENSSL 1u /* plain text of an OpenSSL SSL object */

/* qtap_rec_bind.method: what showed which socket a TLS stream runs over */
#define QTAP_BIND_NESTED 0u /* a socket call inside of a call of the TLS object */
#define QTAP_BIND_CIPHERTEXT                                                                                 \
	1u /* the first bytes of a TLS record that the object wrote were sent on the socket */

/* qtap_record_header.flags */
#define QTAP_RF_TRUNCATED 1u /* captured_len < full_len; the rest of the bytes is not in any record */
#define QTAP_RF_TLS                                                                                          \
	2u /* the socket carries TLS records: its bytes past the hellos are counted, not copied              \
	    */
#define QTAP_RF_LATE                                                                                         \
	4u /* DATA, COUNT, STREAM_END of a TLS stream: the TLS object is older than the probes: bytes before \
	      may be missing, and offsets count from where the probes came. OPEN: so is the socket, and      \
	      nobody knows how many */

struct qtap_record_header {
	__u32 size;	 /* bytes of the whole record, header included, payload included */
	__u16 type;	 /* QTAP_REC_* */
	__u16 flags;	 /* QTAP_RF_* */
	__u64 time_ns;	 /* CLOCK_BOOTTIME (bpf_ktime_get_boot_ns, Linux 5.8) */
	__u32 pid;	 /* thread group id in the initial pid namespace; 0 = not in process context */
	__u32 tid;	 /* thread id in the initial pid namespace */
	__u64 cgroup_id; /* cgroup v2 id of the thread, 0 = unknown */
	__u64 conn_key;	 /* the socket; unique while the session runs; 0 = not known (yet) */
	__u64 stream_id; /* the plain-text stream: unique per TLS object and generation; == conn_key for the
			    socket's own bytes */
};

/* Addresses are 16 bytes in network order; IPv4 is mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2) when family is
 * AF_INET. */
struct qtap_rec_open {
	struct qtap_record_header h; /* time_ns: when the handshake of connect() ended or accept() returned;
					QTAP_RF_LATE: when it was first seen */
	__u64 socket_cookie;	     /* SO_COOKIE, 0 = not assigned */
	__u64 start_ns;		     /* when connect() began; 0 = unknown */
	__u8 local_ip[16];
	__u8 remote_ip[16];
	__u16 local_port;  /* host order */
	__u16 remote_port; /* host order */
	__u16 family;	   /* AF_INET 2, AF_INET6 10; 0 = not known */
	__u8 role;	   /* QTAP_ROLE_* */
	__u8 transport;	   /* QTAP_TRANSPORT_* */
	__s32 fd;	   /* in the process of header.pid, -1 = unknown */
	__u32 netns;
};

struct qtap_rec_bind {
	struct qtap_record_header h; /* conn_key and stream_id: what belongs together */
	__u32 stream_kind;	     /* QTAP_STREAM_* */
	__u32 method;		     /* QTAP_BIND_* */
};

struct qtap_rec_data {
	struct qtap_record_header h;
	__u64
	    offset; /* of the first byte in this stream and direction; advances even when a record is lost */
	__u64 wire[2];	    /* TLS streams: payload bytes on the socket below so far, by direction; 0 = the
			       socket is not known */
	__u64 filtered;	    /* of the bytes before offset: left out on purpose */
	__u64 budget;	    /* and of these: left out because their process is over its budget */
	__u32 full_len;	    /* bytes that this record stands for */
	__u32 captured_len; /* bytes that follow this struct, <= full_len */
	__u32 handshake_us; /* TLS streams: from the first handshake call to the end of the one that
			       succeeded; 0 = not seen */
	__u8 direction;	    /* QTAP_SENT, QTAP_RECEIVED */
	__u8 stream_kind;   /* QTAP_STREAM_* */
	__u8 cause;	    /* QTAP_LOSS_*: why captured_len < full_len */
	__u8 pad0;
};

struct qtap_rec_count {
	struct qtap_record_header h;
	__u64 bytes[2];	   /* payload bytes on the socket so far, by direction */
	__u64 filtered[2]; /* of these: counted without being copied (TLS records, unknown protocols,
			      bodies that nobody asked for), by direction */
	__u64 budget[2];   /* and of these: not copied because their process is over its budget */
};

struct qtap_rec_process {
	struct qtap_record_header h;
	__u32 ppid;
	__u32 uid;	 /* in the initial user namespace */
	__s32 exit_code; /* EXIT: the wait(2) status */
	__u32 pad0;
	__u64 start_ns; /* CLOCK_BOOTTIME start of the process; with the pid it names one process */
	char comm[QTAP_COMM_LEN];
	char filename[QTAP_PATH_MAX]; /* EXEC: as given to execve, NUL-terminated, may be cut */
};

/* Followed by exe, comm, user, cgroup, container_id, one after the other without NULs, lengths as below. */
struct qtap_rec_process_info {
	struct qtap_record_header h;
	__u32 ppid;
	__u32 uid;
	__u64 start_ns;
	__u16 exe_len;
	__u16 comm_len;
	__u16 user_len;
	__u16 cgroup_len;
	__u16 container_id_len;
	__u8 tls_library; /* QTAP_TLS_LIBRARY_* */
	__u8 pad0[5];
	__u64 probed_ns; /* PROBED: CLOCK_BOOTTIME when its probes were active; 0 = not known */
};

/* qtap_rec_process_info.tls_library: what a look into the process found. The best of several counts. */
#define QTAP_TLS_LIBRARY_UNKNOWN 0u    /* nobody looked (yet), or it was gone by then */
#define QTAP_TLS_LIBRARY_NONE 1u       /* none that we know is mapped */
#define QTAP_TLS_LIBRARY_NO_SYMBOLS 2u /* mapped, but probes could not be attached */
#define QTAP_TLS_LIBRARY_PROBED 3u     /* mapped, probes are attached */
#define QTAP_TLS_LIBRARY_MISSED 4u     /* it was mapped, and the process was gone before anybody could look */

/* Indices of qtap_rec_loss.lost and of the kernel's per-CPU counters. */
#define QTAP_LOSS_RING_FULL 0u	/* no room in the ring */
#define QTAP_LOSS_FAULT 1u	/* user memory could not be read */
#define QTAP_LOSS_MAP_FULL 2u	/* a table had no free entry */
#define QTAP_LOSS_CALL_LIMIT 3u /* a call was longer than one call may deliver */
#define QTAP_LOSS_NO_ENTRY                                                                                   \
	4u		    /* a return probe ran without its entry, or a call is nested too deep to be kept \
			       (twice: entry and return); of which stream and how many bytes is unknown, so  \
			       only records count, and no gap tells of them */
#define QTAP_LOSS_MISSED 5u /* a program did not run, because it was running already (recursion) */
#define QTAP_LOSS_NO_BUFFER                                                                                  \
	6u		       /* the bytes never were in user memory (sendfile, splice), or not where one   \
				  call shows them (sendmmsg, recvmmsg: all but the first message) */
#define QTAP_LOSS_HOST 7u      /* whoever feeds records says so */
#define QTAP_LOSS_RECORDING 8u /* a recording could not take the record */
#define QTAP_LOSS_BUDGET 9u    /* the process is over its budget: left out by QTAP_REC_LEVEL */
#define QTAP_LOSS_CAUSES 12u

struct qtap_rec_loss {
	struct qtap_record_header h;
	__u64 records[QTAP_LOSS_CAUSES];
	__u64 bytes[QTAP_LOSS_CAUSES];
};

/* qtap_rec_level.level: how much of a process is captured, each step less than the one before. */
#define QTAP_LEVEL_FULL 0u    /* what the configuration asks for */
#define QTAP_LEVEL_HEADERS 1u /* no bodies */
#define QTAP_LEVEL_SUMMARY 2u /* and no header fields in what is written */
#define QTAP_LEVEL_COUNT 3u   /* bytes are counted in the kernel and not copied */

struct qtap_rec_level {
	struct qtap_record_header h; /* pid: whose level it is, from here on */
	__u64 spent;		     /* nanoseconds of CPU per second that capturing it took lately, ... */
	__u64 budget;		     /* ... and that it, or all together, may take */
	__u32 level;		     /* QTAP_LEVEL_* */
	__u32 of_all;		     /* 1: `spent` and `budget` are those of all processes and the reader */
};

#ifdef __cplusplus
#define QTAP_SIZE_IS(type, n) static_assert(sizeof(type) == (n), "record layout: " #type)
#else
#define QTAP_SIZE_IS(type, n) _Static_assert(sizeof(type) == (n), "record layout: " #type)
#endif
QTAP_SIZE_IS(struct qtap_record_header, 48);
QTAP_SIZE_IS(struct qtap_rec_open, 112);
QTAP_SIZE_IS(struct qtap_rec_bind, 56);
QTAP_SIZE_IS(struct qtap_rec_data, 104);
QTAP_SIZE_IS(struct qtap_rec_count, 96);
QTAP_SIZE_IS(struct qtap_rec_process, 344);
QTAP_SIZE_IS(struct qtap_rec_process_info, 88);
QTAP_SIZE_IS(struct qtap_rec_loss, 240);
QTAP_SIZE_IS(struct qtap_rec_level, 72);

#endif /* QTAP_SHARED_RECORDS_H */
