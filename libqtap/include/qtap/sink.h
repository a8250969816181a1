/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sink.h
 * Your own storage. Built-in sinks use the same calls. Systems API: a 0.x minor release may change
 * it, with a NEWS entry.
 */
#ifndef QTAP_SINK_H
#define QTAP_SINK_H

#include <qtap/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a chunk is in its body. @since 0.1 */
enum qtap_body_flag {
  QTAP_BODY_FIRST = 1,         /**< this sink has got nothing of this body before */
  QTAP_BODY_LAST = 2,          /**< the body is over; len is 0. The last call for it */
  QTAP_BODY_TRUNCATED = 4,     /**< with LAST: not all of the body was handed out */
  QTAP_BODY_LENGTH_UNKNOWN = 8 /**< with LAST: how much is missing at the end is not known;
                                  offset is 0 */
};

/**
 * A piece of a body in transfer, after transfer coding and before content coding. Everything it
 * points to is borrowed until the call returns. @since 0.1
 */
struct qtap_body_chunk {
  size_t size;                /**< bytes of this struct that the library filled; it only grows */
  const char* transaction_id; /**< NUL-terminated; the request id in events and in the object */
  const char* connection_id;  /**< NUL-terminated */
  int message;                /**< enum qtap_message: which body of the transaction */
  int direction;              /**< enum qtap_direction */
  uint32_t flags;             /**< enum qtap_body_flag */
  uint64_t offset;            /**< of bytes in the body, in bytes; with LAST: its length */
  uint64_t missing;           /**< bytes right before offset that were not handed to this sink: not
                                 captured, not kept, refused by it, or dropped before a slow one */
  const void* bytes;
  size_t len; /**< bytes; 0 with LAST only */
};

/**
 * The calls of a sink. Those for one sink come one at a time from the session's worker (or inline
 * from the polling thread with worker.threads=0), so a sink may block and needs no lock. Except
 * `locate`, which may come from the polling thread at any time and must be pure. @since 0.1
 */
struct qtap_sink_ops {
  size_t size; /**< sizeof(struct qtap_sink_ops) of the caller */
  const char*
      name; /**< the sink's id in records and logs, unique in the session; copied. Required */
  /** NULL: takes no events. 0: done. QTAP_ERR_AGAIN: retry later with back-off. Other negatives:
   * dropped and counted. */
  int (*put_event)(void* user, const qtap_event* event);
  /** NULL: takes no objects. Results as put_event. */
  int (*put_object)(void* user, const qtap_object* object);
  /**
   * Writes the URL at which put_object stores the object, NUL-terminated, into buf (cap bytes);
   * returns its length, or a negative value when there is none. May be NULL.
   */
  int (*locate)(void* user, const qtap_object* object, char* buf, size_t cap);
  /** Makes everything durable that was put so far, within timeout_ms. 0 or negative. May be NULL.
   */
  int (*flush)(void* user, int timeout_ms);
  /** The last call, exactly once; frees `user`. May be NULL. */
  void (*close)(void* user);
  /**
   * NULL: takes no bodies. A body of any length, in chunks and in order, while it is in transfer:
   * only of transactions that a plugin keeps in full (http_capture with level full). Chunks of
   * different bodies may come in turn; each body that had one gets one with QTAP_BODY_LAST, unless
   * the session is freed before. The object of the transaction comes later and is cut at
   * capture.body_buffer as ever. At most capture.body_buffer bytes wait for a sink, over all
   * bodies; when it is slower than that, the polling thread waits for it while the capture can
   * spare the time (at most 200 ms, and not again for a sink that then has still done nothing), and
   * then drops and counts. Results as put_event; a chunk that was refused is `missing` in the next.
   */
  int (*put_body)(void* user, const struct qtap_body_chunk* chunk);
};

/**
 * Adds a sink. The table is copied; `user` is handed to each call. Before start only. From success
 * on, `close` will be called by the session. Errors: QTAP_ERR_INVALID (no name, name taken, size
 * forgotten), QTAP_ERR_UNSUPPORTED (newer table), QTAP_ERR_STATE, QTAP_ERR_NOMEM. @since 0.1
 */
QTAP_API int qtap_session_add_sink(qtap_session* s, const struct qtap_sink_ops* ops, void* user);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_SINK_H */
