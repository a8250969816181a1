/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file session.h
 * A capture session: new, configure, start, poll or run, stop, free. One session belongs to one
 * thread at a time; several sessions in one process are independent.
 *
 * Which call is allowed where. Inside means from a callback or a sink of that session; beside means
 * from another thread while a call on the session runs. What is not allowed is refused with
 * QTAP_ERR_BUSY where the call can say so.
 *
 *  - qtap_session_stop(): inside, beside, and in a signal handler.
 *  - qtap_session_stats(), every _ref, _unref and getter of a noun: inside and beside.
 *  - qtap_session_fd(), _done(), _error(), _attached_at(): inside; beside is undefined.
 *  - qtap_session_free(): inside it is ignored and logged; beside is undefined.
 *  - every other call with a session: neither.
 */
#ifndef QTAP_SESSION_H
#define QTAP_SESSION_H

#include <qtap/config.h>
#include <qtap/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qtap_session qtap_session;

/** Phases of on_connection. @since 0.1 */
enum qtap_connection_phase { QTAP_CONN_OPEN = 0, QTAP_CONN_UPDATE = 1, QTAP_CONN_CLOSE = 2 };

/** May be returned by on_connection: nothing more of this connection is delivered. @since 0.1 */
#define QTAP_CONN_IGNORE 1

/** What messages are of. @since 0.1 */
enum qtap_stream_protocol { QTAP_STREAM_GRPC = 1, QTAP_STREAM_WEBSOCKET = 2, QTAP_STREAM_SSE = 3 };

/** Bits of qtap_stream_message.flags. @since 0.1 */
enum qtap_stream_flags {
  QTAP_MSG_COMPRESSED = 1, /**< on the wire */
  QTAP_MSG_TRUNCATED = 2,  /**< `bytes` is not all of it: capture.message_buffer, damage, a gap, a
                              budget */
  QTAP_MSG_INCOMPLETE = 4, /**< its end did not come, or `missing` is above 0 */
  QTAP_MSG_AFTER_LOSS = 8, /**< messages right before it may be missing */
  QTAP_MSG_UNDECODED = 16, /**< its compression could not be undone: gRPC, `bytes` as sent;
                              WebSocket, whose context was lost: none */
  QTAP_MSG_BAD = 32        /**< breaks its protocol: text that is no UTF-8, damaged compression */
};

/**
 * A message of a gRPC call, a WebSocket or a stream of server-sent events, told as soon as it has
 * ended. Borrowed until the callback returns, with all that it points to. Control frames of
 * WebSocket are messages with their opcode. @since 0.1
 */
struct qtap_stream_message {
  size_t size;          /**< bytes of this struct that the library filled; it only grows */
  int protocol;         /**< enum qtap_stream_protocol */
  int message;          /**< enum qtap_message: QTAP_REQUEST, the client sent it */
  int direction;        /**< enum qtap_direction */
  int opcode;           /**< WebSocket: RFC 6455, 5.2 (1 text, 2 binary, 8 close, ...); else 0 */
  int close_code;       /**< of a close frame that has one (RFC 6455, 7.4); else 0 */
  uint32_t flags;       /**< QTAP_MSG_* */
  uint64_t index;       /**< among the messages of this side that were seen, from 0; of a control
                           frame, of the message behind it */
  uint64_t length;      /**< of the payload: decompressed; as sent, when that is not possible */
  uint64_t wire_length; /**< of the payload as sent; SSE: of the whole event in the stream */
  uint64_t missing;     /**< bytes of wire_length that were not captured */
  uint64_t first_ns;    /**< first byte, nanoseconds since 1970 UTC */
  uint64_t last_ns;     /**< last byte */
  struct qtap_str type; /**< SSE: the event's type, "message" by default; else empty */
  struct qtap_str id;   /**< SSE: the last event id; else empty */
  const void* bytes;    /**< the payload: decompressed, unmasked. Sensitive */
  size_t len;           /**< at most capture.message_buffer */
};

/**
 * What a session calls, on the thread that polls. Every member may be NULL. Return 0 to go on; a
 * negative value makes qtap_session_poll() return QTAP_ERR_CALLBACK after the record at hand is
 * accounted for, and the next poll goes on with the next one. Positive values are reserved, except
 * QTAP_CONN_IGNORE. Callbacks must not throw or longjmp. @since 0.1
 */
struct qtap_callbacks {
  size_t size; /**< sizeof(struct qtap_callbacks) of the caller */
  int (*on_connection)(const qtap_connection* conn, int phase, void* user);
  int (*on_data)(const qtap_connection* conn, const struct qtap_data* data, void* user);
  int (*on_transaction)(const qtap_transaction* tx, void* user);
  int (*on_event)(const qtap_event* event, void* user);
  int (*on_object)(const qtap_object* object, void* user);
  /**
   * A message of a stream, while the stream is open. `tx`: the transaction that it belongs to, as
   * far as its heads are known, without bodies; its "transaction.id" is that of the one that
   * on_transaction gets when it is over (of a WebSocket over HTTP/1: when it begins). Without this
   * call no payload is kept.
   */
  int (*on_message)(const qtap_connection* conn, const qtap_transaction* tx,
                    const struct qtap_stream_message* message, void* user);
};

/**
 * Counters since start, filled by qtap_session_stats(). The ledger: every plain-text byte that the
 * probes saw is either delivered or lost, bytes_seen = bytes_delivered + bytes_lost, and bytes_lost
 * is the sum of the bytes_lost_* below. @since 0.1
 */
struct qtap_stats {
  size_t size;               /**< in: sizeof of the caller; out: bytes filled */
  uint64_t records;          /**< records handled */
  uint64_t bytes_seen;       /**< plain-text bytes that crossed the probes and sockets in clear */
  uint64_t bytes_delivered;  /**< of these: handed to on_data and the parsers */
  uint64_t bytes_lost;       /**< of these: missing, told as gaps */
  uint64_t bytes_filtered;   /**< counted without being read: TLS records on sockets, protocols not
                                parsed, bodies and connections that nobody needs */
  uint64_t lost_ring_full;   /**< records: no room in the ring */
  uint64_t lost_fault;       /**< records: user memory could not be read */
  uint64_t lost_map_full;    /**< records: a kernel table was full */
  uint64_t lost_other;       /**< records: any other cause; also TLS calls that cannot be told apart
                                (nested more than 4 deep), whose bytes are unknown: in no bytes_* */
  uint64_t records_corrupt;  /**< records that did not decode */
  uint64_t connections_open; /**< now */
  uint64_t connections_total;
  uint64_t connections_untracked; /**< beyond limits.connections: counted, not tracked */
  uint64_t transactions;
  uint64_t transactions_truncated;
  uint64_t gaps;
  uint64_t parse_errors;
  uint64_t limit_hits;
  uint64_t plugin_errors;
  uint64_t events;
  uint64_t objects;
  uint64_t
      sink_sent; /**< events, objects and chunks of bodies accepted by a sink, one count per sink */
  uint64_t sink_dropped; /**< refused for good, or no room in a queue, one count per sink; blocks of
                            text that standard output did not take */
  uint64_t sink_retries;
  uint64_t record_file_errors;    /**< records that capture.record_file could not take */
  uint64_t bytes_lost_ring_full;  /**< no room in the ring, or their probe did not run */
  uint64_t bytes_lost_fault;      /**< user memory could not be read */
  uint64_t bytes_lost_call_limit; /**< truncated: one call moved more than 64 MiB */
  uint64_t bytes_lost_no_buffer;  /**< never were in user memory (sendfile, splice) */
  uint64_t bytes_lost_host;       /**< told by qtap_feed_gap() */
  uint64_t bytes_lost_other;      /**< any other cause */
  uint64_t tls_bytes_total;       /**< payload bytes on sockets that carry TLS, as far as told */
  uint64_t tls_bytes_decrypted;   /**< of these: on connections whose tls_state is decrypted */
  uint64_t bytes_lost_budget;     /**< of bytes_lost: their process was over its budget */
  uint64_t budget_steps;          /**< changes of the level of a process (capture.budget.*) */
  uint64_t bodies_decoded;        /**< with a content coding, that a plugin or the host asked for */
  uint64_t decode_errors; /**< of these: corrupt, with bytes missing, or of an unknown coding */
  uint64_t
      decode_limit_hits;    /**< of these: ended at a limit (limits.decoded_bytes, .decode_ratio) */
  uint64_t names_forgotten; /**< from DNS answers: gave way to newer ones, 65,536 are kept */
  uint64_t rule_errors;     /**< evaluations of plugins' rules that failed: those match nothing */
  uint64_t sink_spooled;    /**< now in spools on the disk (spool.dir), also of earlier processes */
};

/**
 * Creates a session from a copy of `config` (NULL: all defaults). *ret is the caller's, to be freed
 * with qtap_session_free(). Errors: QTAP_ERR_INVALID (options that do not fit together: the text is
 * in qtap_config_error(config)), QTAP_ERR_NOMEM.
 * @since 0.1
 */
QTAP_API int qtap_session_new(qtap_session** ret, qtap_config* config);

/**
 * Sets the callbacks; the table is copied, `user` is handed to each call and never touched. Before
 * start only. Errors: QTAP_ERR_INVALID (size forgotten), QTAP_ERR_UNSUPPORTED (a newer table that
 * sets a member this library does not know), QTAP_ERR_STATE. @since 0.1
 */
QTAP_API int qtap_session_set_callbacks(qtap_session* s, const struct qtap_callbacks* cb,
                                        void* user);

/**
 * Attaches the probes or opens the recording. QTAP_OK, QTAP_WARN_PARTIAL (running;
 * qtap_session_error() names what could not be attached) or an error, after which the session may
 * be started again: QTAP_ERR_PERM (the text names the missing capability), QTAP_ERR_UNSUPPORTED
 * (kernel, BTF, lockdown, build), QTAP_ERR_IO, QTAP_ERR_CORRUPT, QTAP_ERR_STATE.
 * @since 0.1
 */
QTAP_API int qtap_session_start(qtap_session* s);

/**
 * A file descriptor that is readable when qtap_session_poll(s, 0) has something to do. Owned by the
 * session, the same one from qtap_session_new() to qtap_session_free(). Poll it, never read it.
 * Errors: QTAP_ERR_INVALID (NULL). @since 0.1
 */
QTAP_API int qtap_session_fd(qtap_session* s);

/**
 * Handles what there is, waiting up to timeout_ms for the first record (0: do not wait, -1: no
 * limit). Returns the number of records handled; 0 after stop or at the end of a recording means
 * that it is over (see qtap_session_done()). Errors: QTAP_ERR_CALLBACK, QTAP_ERR_CORRUPT
 * (recording), QTAP_ERR_IO, QTAP_ERR_STATE, QTAP_ERR_BUSY, QTAP_ERR_NOMEM.
 * @since 0.1
 */
QTAP_API int qtap_session_poll(qtap_session* s, int timeout_ms);

/** 1 when no record can come any more: stopped and drained, or the recording is at its end; else 0.
 * @since 0.1 */
QTAP_API int qtap_session_done(qtap_session* s);

/** Polls until the session is done. 0, or the first error of qtap_session_poll(). @since 0.1 */
QTAP_API int qtap_session_run(qtap_session* s);

/**
 * Ends the capture. Any thread, any callback, any signal handler. Wakes a waiting poll; what the
 * kernel has already handed over is still delivered by later polls. @since 0.1
 */
QTAP_API void qtap_session_stop(qtap_session* s);

/**
 * Waits until the sinks have taken what was queued, at most timeout_ms (-1: sink.flush_timeout).
 * All sinks flush at the same time, so one that is stuck costs the others nothing; with
 * worker.threads=0 one after the other, each with its share of what is left of the time. The result
 * is the first error: QTAP_ERR_TIMEOUT, QTAP_ERR_IO (standard output is closed or full), what a
 * sink's flush returned, QTAP_ERR_BUSY, QTAP_ERR_STATE. @since 0.1
 */
QTAP_API int qtap_session_flush(qtap_session* s, int timeout_ms);

/** Fills *ret up to ret->size. Errors: QTAP_ERR_INVALID. Any thread. @since 0.1 */
QTAP_API int qtap_session_stats(qtap_session* s, struct qtap_stats* ret);

/**
 * What is attached, line `index` ("openssl: /usr/lib/x86_64-linux-gnu/libssl.so.3"), NULL past the
 * end. Borrowed until the next call on this session. @since 0.1
 */
QTAP_API const char* qtap_session_attached_at(qtap_session* s, size_t index);

/**
 * The text of the last error or warning of a call on this session, "" when there was none: one
 * line, its message id, what was tried, on what, why, what to do: "QT044: start live capture:
 * missing CAP_BPF; run as root or grant it to the program". docs/messages.yaml has all of them; ids
 * never change their meaning. Borrowed until the next call on this session. @since 0.1
 */
QTAP_API const char* qtap_session_error(qtap_session* s);

/**
 * Stops, detaches, joins the workers, closes each sink exactly once and frees. Does not flush: what
 * is still queued is counted as dropped. NULL is fine. @since 0.1
 */
QTAP_API void qtap_session_free(qtap_session* s);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_SESSION_H */
