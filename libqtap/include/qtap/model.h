/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file model.h
 * What a session hands out: connections, transactions, events, objects. All are immutable and
 * reference-counted: borrowed inside a callback, kept with _ref, given back with _unref, readable
 * from any thread, also after the session is freed.
 *
 * Facts are read by name (docs/fields.md lists them: "http.res.status", "src.ip", ...), so that new
 * ones need no new function. Texts live as long as the object they were read from.
 *
 * Times come from the kernel, whenever the program that captures gets its turn. A byte counts as
 * sent or received when the call that moved it ends: send() and its like of plain text, SSL_write
 * and SSL_read of TLS. So "transaction.start_ns" (first request byte),
 * "transaction.request_end_ns", "transaction.response_start_ns" and "transaction.end_ns" (last
 * response byte) are ends of such calls of the captured process; seen from a client they include
 * the network, from a server not. "connection.connect_us" runs from the SYN (the socket turns to
 * SYN_SENT inside of connect()) to when the kernel takes the connection as established, also if
 * nobody waits for that. "connection.tls_handshake_us" runs from the beginning of the first call of
 * SSL_do_handshake, SSL_connect or SSL_accept to the end of the one that succeeds, with what the
 * program does between calls; a handshake that SSL_read or SSL_write make by themselves is not
 * measured.
 */
#ifndef QTAP_MODEL_H
#define QTAP_MODEL_H

#include <qtap/base.h>
#include <qtap/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qtap_connection qtap_connection;
typedef struct qtap_transaction qtap_transaction;
typedef struct qtap_event qtap_event;
typedef struct qtap_object qtap_object;

/** Direction of bytes, seen from the local process. @since 0.1 */
enum qtap_direction { QTAP_DIR_SENT = 0, QTAP_DIR_RECEIVED = 1 };

/** Which message of a transaction. @since 0.1 */
enum qtap_message { QTAP_REQUEST = 0, QTAP_RESPONSE = 1 };

/** A piece of plain text on its way through a connection; the bytes are borrowed until the callback
 * returns. @since 0.1 */
struct qtap_data {
  size_t size;          /**< bytes of this struct that the library filled; it only grows */
  int direction;        /**< enum qtap_direction */
  int is_tls;           /**< 1: it was inside TLS */
  uint64_t time_ns;     /**< kernel time, nanoseconds since 1970 UTC */
  uint64_t offset;      /**< of the first byte in its direction; joined_late: of those seen */
  uint64_t lost_before; /**< bytes missing right before this piece */
  const void* bytes;
  size_t len; /**< may be 0 when only lost_before is told */
};

/** One row of the field table. All text is static. @since 0.1 */
struct qtap_field {
  size_t size;      /**< bytes of this struct that the library filled; it only grows */
  const char* name; /**< e.g. "http.res.status" */
  const char* type; /**< "text", "int", "bool", "ip", ... */
  const char* help; /**< one sentence */
  const char* since;
};

/** Row `index` of the field table, NULL past the end. Static storage. Any thread. @since 0.1 */
QTAP_API const struct qtap_field* qtap_field_at(size_t index);

/** @name References: _ref returns its argument; _unref(NULL) is fine. Any thread. @since 0.1 */
/**@{*/
QTAP_API const qtap_connection* qtap_connection_ref(const qtap_connection* conn);
QTAP_API void qtap_connection_unref(const qtap_connection* conn);
QTAP_API const qtap_transaction* qtap_transaction_ref(const qtap_transaction* tx);
QTAP_API void qtap_transaction_unref(const qtap_transaction* tx);
QTAP_API const qtap_event* qtap_event_ref(const qtap_event* event);
QTAP_API void qtap_event_unref(const qtap_event* event);
QTAP_API const qtap_object* qtap_object_ref(const qtap_object* object);
QTAP_API void qtap_object_unref(const qtap_object* object);
/**@}*/

/**
 * Reads one field by its NUL-terminated name into *ret (written only on success). What the value
 * points to is borrowed from the object. An element of a list can be read by itself: "tls.alpn[0]".
 * Errors: QTAP_ERR_NOTFOUND (no such field, or this object has no value for it), QTAP_ERR_INVALID
 * (NULL). Any thread. @since 0.1
 */
QTAP_API int qtap_connection_field(const qtap_connection* conn, const char* name,
                                   struct qtap_value* ret);
QTAP_API int qtap_transaction_field(const qtap_transaction* tx, const char* name,
                                    struct qtap_value* ret);
QTAP_API int qtap_event_field(const qtap_event* event, const char* name, struct qtap_value* ret);
QTAP_API int qtap_object_field(const qtap_object* object, const char* name, struct qtap_value* ret);

/** The connection of a transaction as it was then; borrowed from the transaction. Any thread.
 * @since 0.1 */
QTAP_API const qtap_connection* qtap_transaction_connection(const qtap_transaction* tx);

/**
 * Header field `index` of a message (enum qtap_message) in wire order and case. Errors:
 * QTAP_ERR_NOTFOUND (past the end), QTAP_ERR_INVALID. Any thread. @since 0.1
 */
QTAP_API int qtap_transaction_header_at(const qtap_transaction* tx, int message, size_t index,
                                        struct qtap_str* ret_name, struct qtap_str* ret_value);

/**
 * The body of a message (enum qtap_message) after transfer coding, before content coding, as far as
 * it was kept (capture.body_buffer). Errors: QTAP_ERR_INVALID. Any thread. @since 0.1
 */
QTAP_API int qtap_transaction_body(const qtap_transaction* tx, int message, struct qtap_str* ret);

/** What became of a body's content coding. @since 0.1 */
enum qtap_decode_state {
  QTAP_DECODE_NONE = 0,      /**< there is none: the text is the body as sent */
  QTAP_DECODE_COMPLETE = 1,  /**< all of it */
  QTAP_DECODE_TRUNCATED = 2, /**< the body was not kept, or not sent, to its end */
  QTAP_DECODE_CORRUPT = 3,   /**< it breaks the format of its coding: what came before */
  QTAP_DECODE_LIMIT = 4,     /**< what came before limits.decoded_bytes or limits.decode_ratio */
  QTAP_DECODE_GAP = 5, /**< bytes are missing within: what came before, if it is known where */
  QTAP_DECODE_UNSUPPORTED = 6 /**< a coding that is not known: nothing */
};

/**
 * The body of a message (enum qtap_message) without its content codings (gzip, deflate, br, zstd,
 * also several), as far as it was kept and could be decoded; *ret_state (may be NULL) is enum
 * qtap_decode_state. Decoded by the first call for this message, bounded by limits.decoded_bytes
 * and limits.decode_ratio, and kept with the transaction. The charset is not changed:
 * "http.res.charset" is what the peer told. Borrowed from the transaction. Errors:
 * QTAP_ERR_INVALID, QTAP_ERR_NOMEM. Any thread. @since 0.1
 */
QTAP_API int qtap_transaction_decoded_body(const qtap_transaction* tx, int message,
                                           struct qtap_str* ret, int* ret_state);

/** The event as one JSON document. Any thread. @since 0.1 */
QTAP_API int qtap_event_json(const qtap_event* event, struct qtap_str* ret);

/** The bytes of an object. Sensitive. Any thread. @since 0.1 */
QTAP_API int qtap_object_data(const qtap_object* object, struct qtap_str* ret);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_MODEL_H */
