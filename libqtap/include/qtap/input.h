/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file input.h
 * Your own bytes as the source (capture.source=feed): for tests, fuzzers and programs that captured
 * elsewhere. Calls are synchronous: callbacks run inside of them, as inside qtap_session_poll().
 * Systems API: a 0.x minor release may change it.
 */
#ifndef QTAP_INPUT_H
#define QTAP_INPUT_H

#include <qtap/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Roles of the local process. @since 0.1 */
enum qtap_role { QTAP_ROLE_ANY = 0, QTAP_ROLE_CONNECTED = 1, QTAP_ROLE_ACCEPTED = 2 };

/** Who talks to whom. Everything but `size` may be zero. Texts are copied. @since 0.1 */
struct qtap_peer {
  size_t size; /**< sizeof(struct qtap_peer) of the caller */
  uint32_t pid;
  uint32_t uid;
  struct qtap_str exe;
  struct qtap_str comm;
  struct qtap_str user_name;
  struct qtap_str container_id;
  int role;             /**< enum qtap_role: did the local process connect or accept? */
  int is_tls;           /**< 1: the bytes were inside TLS */
  int family;           /**< AF_INET or AF_INET6; 0 = the addresses are not known */
  uint16_t local_port;  /**< host order */
  uint16_t remote_port; /**< host order */
  uint8_t local_ip[16]; /**< network order; for AF_INET the first 4 bytes */
  uint8_t remote_ip[16];
};

/**
 * Opens a connection at time_ns (nanoseconds since 1970 UTC); *ret_id names it in the other calls.
 * Errors: QTAP_ERR_STATE (not started, or capture.source is not feed), QTAP_ERR_INVALID,
 * QTAP_ERR_LIMIT, QTAP_ERR_BUSY, QTAP_ERR_CALLBACK. @since 0.1
 */
QTAP_API int qtap_feed_open(qtap_session* s, const struct qtap_peer* peer, uint64_t time_ns,
                            uint64_t* ret_id);

/**
 * Delivers n bytes of one direction (enum qtap_direction); they are not kept. n = 0 is
 * QTAP_ERR_INVALID and changes nothing, whatever `bytes` is: the end of a connection is told by
 * qtap_feed_close(), time without bytes by qtap_feed_tick(). Errors: as qtap_feed_open(), and
 * QTAP_ERR_NOTFOUND (no such id). @since 0.1
 */
QTAP_API int qtap_feed_data(qtap_session* s, uint64_t id, int direction, uint64_t time_ns,
                            const void* bytes, size_t n);

/** Tells that `len` bytes of one direction are missing here; 0 is QTAP_ERR_INVALID and
 * changes nothing. Errors as qtap_feed_data(). @since 0.1
 */
QTAP_API int qtap_feed_gap(qtap_session* s, uint64_t id, int direction, uint64_t len);

/** Closes the connection. Errors as qtap_feed_data(). @since 0.1 */
QTAP_API int qtap_feed_close(qtap_session* s, uint64_t id, uint64_t time_ns);

/** Tells that time has passed without traffic: drives expiry and periodic reports. Errors as
 * qtap_feed_open(). @since 0.1 */
QTAP_API int qtap_feed_tick(qtap_session* s, uint64_t time_ns);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_INPUT_H */
