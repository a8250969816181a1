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
