/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http.h
 * HTTP on its own, as an observer reads it: bytes and gaps of both directions of a connection in,
 * requests and responses out; content codings undone; media types read. Needs no session.
 *
 * An observer is no endpoint. It may begin in the middle of a connection, bytes may be missing, and
 * both peers may be wrong: every error is told and the reading goes on at the next message that can
 * be proven. What is not known is said to be unknown. HTTP inside of a CONNECT tunnel is read as
 * well (four tunnels inside of one another), once the client's first bytes prove it: a whole
 * request line, or the preface of HTTP/2. What else is in a tunnel or behind another upgrade is
 * passed over.
 */
#ifndef QTAP_HTTP_H
#define QTAP_HTTP_H

#include <qtap/base.h>
#include <qtap/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- connections ---------------------------------------------------------------------------- */

/** Reads one connection. One thread at a time. @since 0.1 */
typedef struct qtap_http_parser qtap_http_parser;

/** A request and the response to it. @since 0.1 */
typedef struct qtap_http_exchange qtap_http_exchange;

/** What a connection speaks. @since 0.1 */
enum qtap_http_protocol {
  QTAP_HTTP_AUTO = 0, /**< found out from the first bytes, by proof */
  QTAP_HTTP_1 = 1,    /**< HTTP/1.0 and 1.1 (RFC 9112) */
  QTAP_HTTP_2 = 2     /**< HTTP/2 (RFC 9113) */
};

/** Which message of an exchange. The same numbers as enum qtap_message. @since 0.1 */
enum qtap_http_which { QTAP_HTTP_REQUEST = 0, QTAP_HTTP_RESPONSE = 1 };

/** How a parser begins. @since 0.1 */
enum qtap_http_option_flag {
  /** The first bytes may be from anywhere in the connection. */
  QTAP_HTTP_JOINED_LATE = 1,
  /** Direction 0 asks and direction 1 answers. Without one of these two flags, who asks is found
   * out. HTTP/1 without QTAP_HTTP_JOINED_LATE: the first byte must be that of a message, and
   * anything else is an error; without it, what comes before the first start line is passed over.
   */
  QTAP_HTTP_ZERO_ASKS = 2,
  QTAP_HTTP_ONE_ASKS = 4, /**< direction 1 asks */
  QTAP_HTTP_NO_BODIES = 8 /**< bodies are only counted, and told to on_body */
};

/** All 0: the defaults. @since 0.1 */
struct qtap_http_options {
  size_t size;           /**< sizeof(struct qtap_http_options) of the caller */
  uint32_t protocol;     /**< enum qtap_http_protocol */
  uint32_t flags;        /**< enum qtap_http_option_flag */
  uint64_t body_bytes;   /**< of each body that are kept; 0: 2 MiB */
  uint64_t header_bytes; /**< of each head that are kept; 0: 256 KiB */
  uint32_t exchanges;    /**< unfinished at once; 0: 1000 */
  uint32_t reserved;
};

/** A piece of a body, after chunked transfer coding and before content coding. A transfer coding
 * other than chunked ("Transfer-Encoding: gzip, chunked", RFC 9112, 7) is still on it, over the
 * content codings: give qtap_http_decoder_new() both, in that order, without "chunked".
 * @since 0.1 */
struct qtap_http_body {
  size_t size;       /**< bytes of this struct that the library filled */
  int which;         /**< enum qtap_http_which */
  int direction;     /**< 0 or 1 */
  uint64_t offset;   /**< of the first byte in the body; a jump is what is missing */
  const void* bytes; /**< borrowed for the call */
  size_t len;        /**< bytes; 0: the body is over */
  int complete;      /**< with len 0: its end was seen */
};

/** Where a peer broke the rules. @since 0.1 */
struct qtap_http_error {
  size_t size;        /**< bytes of this struct that the library filled */
  int direction;      /**< 0 or 1 */
  uint32_t stream;    /**< HTTP/2: the stream that it ends; 0: it ends more than one exchange */
  uint64_t offset;    /**< in this direction: HTTP/1, where reading stopped, at the wrong byte or
                         right behind the part of the head that has it; HTTP/2, the frame */
  const char* reason; /**< NUL-terminated; lives forever; no bytes of the peer's */
};

/**
 * What a parser tells, from inside of the calls that feed it and on their thread. Any may be NULL.
 * `exchange` is borrowed for the call, and its address names the exchange up to on_exchange. A
 * callback must not throw, longjmp, or call the same parser (QTAP_ERR_BUSY). @since 0.1
 */
struct qtap_http_callbacks {
  size_t size; /**< sizeof(struct qtap_http_callbacks) of the caller */
  /** A head is complete; a response's is the final one (RFC 9110, 15.2), and comes only when it is
   * known which request it answers. */
  void (*on_request)(const qtap_http_exchange* exchange, void* user);
  void (*on_response)(const qtap_http_exchange* exchange, void* user);
  /** The body as it comes, whatever is kept of it. Its last call has len 0. */
  void (*on_body)(const qtap_http_exchange* exchange, const struct qtap_http_body* body,
                  void* user);
  /** It is over: complete, or given up (struct qtap_http_message says how). From here on immutable:
   * qtap_http_exchange_ref() keeps it. */
  void (*on_exchange)(const qtap_http_exchange* exchange, void* user);
  void (*on_error)(const struct qtap_http_error* error, void* user);
};

/** Counters of a parser. @since 0.1 */
struct qtap_http_stats {
  size_t size;        /**< in: sizeof of the caller; out: bytes filled */
  int protocol;       /**< enum qtap_http_protocol; QTAP_HTTP_AUTO: not known yet */
  int client;         /**< the direction that asks; -1: not known */
  uint64_t exchanges; /**< told by on_exchange */
  uint64_t errors;    /**< told by on_error */
  uint64_t limits;    /**< times that a limit of the options, or of tunnels, was hit */
};

/**
 * Makes a parser for one connection.
 *
 * @param options    NULL: the defaults
 * @param callbacks  copied
 * @param user       passed on to the callbacks
 * @param ret        on success, the parser; free it with qtap_http_parser_free()
 * @return 0, QTAP_ERR_INVALID (NULL, a size, both directions ask, a protocol that does not exist),
 *         QTAP_ERR_UNSUPPORTED (a flag, or a member of a newer version), QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_http_parser_new(const struct qtap_http_options* options,
                                  const struct qtap_http_callbacks* callbacks, void* user,
                                  qtap_http_parser** ret);

/**
 * Feeds the next bytes of one direction. They are not kept. Feed both directions in the order of
 * time: a response is matched with the requests before it.
 *
 * @param direction  0 or 1
 * @param time_ns    when they passed, nanoseconds since 1970 UTC; any clock that does not go back
 *                   will do
 * @return 0, also when the bytes are wrong (on_error); QTAP_ERR_INVALID (NULL, direction, a time
 *         above INT64_MAX), QTAP_ERR_BUSY (from inside of a callback), QTAP_ERR_STATE (after
 *         qtap_http_parser_end(), or after QTAP_ERR_NOMEM), QTAP_ERR_NOMEM (what was unfinished has
 *         been told, truncated; nothing more is read)
 * @since 0.1
 */
QTAP_API int qtap_http_parser_data(qtap_http_parser* p, int direction, uint64_t time_ns,
                                   const void* bytes, size_t len);

/** Tells that `len` bytes of one direction are missing here; 0: nothing is. Errors as
 * qtap_http_parser_data(). @since 0.1 */
QTAP_API int qtap_http_parser_gap(qtap_http_parser* p, int direction, uint64_t time_ns,
                                  uint64_t len);

/**
 * Nothing more will come. What is unfinished is told, truncated.
 *
 * @param closed  1: the connection has ended, which completes a body that lasts until then
 *                (RFC 9112, 6.3); 0: you stop looking
 * @return as qtap_http_parser_data()
 * @since 0.1
 */
QTAP_API int qtap_http_parser_end(qtap_http_parser* p, uint64_t time_ns, int closed);

/** Fills `ret`. 0 or QTAP_ERR_INVALID. @since 0.1 */
QTAP_API int qtap_http_parser_stats(const qtap_http_parser* p, struct qtap_http_stats* ret);

/** Frees it; what is unfinished is dropped without a word. NULL is fine; not from inside of its
 * callbacks. @since 0.1 */
QTAP_API void qtap_http_parser_free(qtap_http_parser* p);

/* ---- messages ------------------------------------------------------------------------------- */

/** Why a message is not whole. @since 0.1 */
enum qtap_http_truncation {
  QTAP_HTTP_WHOLE = 0,
  QTAP_HTTP_BODY_BUFFER = 1, /**< the body is longer than what is kept */
  QTAP_HTTP_LOSS = 2,        /**< a gap */
  QTAP_HTTP_MIDSTREAM = 3,   /**< it began before the first byte that was seen */
  QTAP_HTTP_ABORTED = 4,     /**< the connection, or a peer's error, ended it */
  QTAP_HTTP_STOPPED = 5,     /**< you stopped looking */
  QTAP_HTTP_LIMIT = 6        /**< a limit of the options, or memory */
};

enum qtap_http_message_flag {
  QTAP_HTTP_COMPLETE = 1,         /**< its end was seen */
  QTAP_HTTP_FRAMING_CONFLICT = 2, /**< HTTP/1: its fields contradict or repeat one another about
                                     where the body ends (RFC 9112, 6.1, 6.3): two readers may see
                                     two messages */
  QTAP_HTTP_PATH_UNKNOWN = 4,     /**< HTTP/2, joined late: `target` was sent before */
  QTAP_HTTP_NO_MESSAGE = 8        /**< no response was seen, or which it is cannot be known */
};

/** One message. Texts are borrowed from the exchange, not NUL-terminated, as sent. @since 0.1 */
struct qtap_http_message {
  size_t size;            /**< in: sizeof of the caller; out: bytes filled */
  uint32_t flags;         /**< enum qtap_http_message_flag */
  uint32_t truncation;    /**< enum qtap_http_truncation */
  struct qtap_str method; /**< request */
  struct qtap_str
      target; /**< request: "/get?x=1", "http://host/", "host:443", "*"; HTTP/2: :path */
  struct qtap_str scheme;    /**< request, HTTP/2: :scheme */
  struct qtap_str authority; /**< request, HTTP/2: :authority */
  struct qtap_str reason;    /**< response, HTTP/1: the reason phrase */
  int status;                /**< response; -1: not known */
  uint32_t version;          /**< 10 x major + minor: 10, 11, 20 */
  uint32_t headers;          /**< fields of the head, without pseudo fields */
  uint32_t trailers;         /**< fields behind the body */
  uint32_t unknown_fields;   /**< HTTP/2, joined late: fields whose name or value was sent before */
  uint32_t stream;           /**< HTTP/2: the stream's id */
  struct qtap_str body;      /**< what is kept of it, before content coding */
  uint64_t body_bytes;       /**< its length on the wire, after transfer coding, as far as known */
  uint64_t wire_bytes;       /**< with start line, fields and framing */
  uint64_t missing_bytes;    /**< of the body, not in `body`; UINT64_MAX: not known how many */
  uint64_t start_ns;         /**< first byte; 0: no byte was seen */
  uint64_t end_ns;           /**< last byte */
  uint32_t interim;          /**< response: interim ones (1xx, RFC 9110, 15.2) that came before it;
                                HTTP/1: told with the final one, and not behind a loss, where nobody
                                knows which request they were for */
  uint16_t interim_status[6]; /**< of the first of these; 0: no more */
};

/** Fills `ret`. 0 or QTAP_ERR_INVALID. Thread: any, for an exchange that is over. @since 0.1 */
QTAP_API int qtap_http_message_get(const qtap_http_exchange* exchange, int which,
                                   struct qtap_http_message* ret);

/**
 * Field `index` of a message: first those of the head, then the trailers, in the order in which
 * they were sent, case and repeats kept. A name or a value that is not known has data NULL.
 *
 * @return 0, QTAP_ERR_NOTFOUND (index), QTAP_ERR_INVALID
 * @since 0.1
 */
QTAP_API int qtap_http_field_at(const qtap_http_exchange* exchange, int which, size_t index,
                                struct qtap_str* ret_name, struct qtap_str* ret_value);

/** Keeps an exchange that on_exchange told. Returns it. Thread: any. @since 0.1 */
QTAP_API const qtap_http_exchange* qtap_http_exchange_ref(const qtap_http_exchange* exchange);

/** Gives it back; NULL is fine. Thread: any. @since 0.1 */
QTAP_API void qtap_http_exchange_unref(const qtap_http_exchange* exchange);

/* ---- content codings ------------------------------------------------------------------------ */

/** Undoes the content codings of one body (RFC 9110, 8.4). One thread at a time. @since 0.1 */
typedef struct qtap_http_decoder qtap_http_decoder;

/** All 0: the defaults. @since 0.1 */
struct qtap_http_decode_limits {
  size_t size;               /**< sizeof(struct qtap_http_decode_limits) of the caller */
  uint64_t max_output_bytes; /**< 0: 64 MiB */
  uint64_t max_ratio;        /**< decoded bytes per byte as sent, beyond the first MiB; 0: 200 */
};

/** @since 0.1 */
enum qtap_http_decode_state {
  QTAP_HTTP_DECODING = 0,
  QTAP_HTTP_DECODED = 1,          /**< whole */
  QTAP_HTTP_DECODE_TRUNCATED = 2, /**< the body ended too early */
  QTAP_HTTP_DECODE_CORRUPT = 3,
  QTAP_HTTP_DECODE_LIMIT = 4, /**< max_output_bytes, max_ratio, or too large a window */
  QTAP_HTTP_DECODE_GAP = 5    /**< bytes were missing */
};

/** Takes decoded bytes, at most 64 KiB at once, borrowed for the call. @since 0.1 */
typedef void (*qtap_http_decoded_fn)(const void* bytes, size_t len, void* user);

/**
 * Makes a decoder for the value of Content-Encoding ("gzip", "deflate", "br", "zstd", also several
 * with commas, as applied; "" and "identity" pass the bytes on).
 *
 * @param ret  on success, the decoder; free it with qtap_http_decoder_free()
 * @return 0, QTAP_ERR_UNSUPPORTED (an unknown coding, or a member of a newer version),
 *         QTAP_ERR_LIMIT (more than 5 codings), QTAP_ERR_INVALID, QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_http_decoder_new(const char* content_encoding, size_t len,
                                   const struct qtap_http_decode_limits* limits,
                                   qtap_http_decoded_fn take, void* user, qtap_http_decoder** ret);

/** Decodes the next bytes. Returns the enum qtap_http_decode_state, in which what came before stays
 * valid, or QTAP_ERR_INVALID, QTAP_ERR_BUSY (from inside of `take`), QTAP_ERR_NOMEM. @since 0.1 */
QTAP_API int qtap_http_decoder_data(qtap_http_decoder* d, const void* bytes, size_t len);

/** Bytes of the body are missing here. Returns as qtap_http_decoder_data(). @since 0.1 */
QTAP_API int qtap_http_decoder_gap(qtap_http_decoder* d);

/** The body is over. Returns as qtap_http_decoder_data(), never QTAP_HTTP_DECODING. @since 0.1 */
QTAP_API int qtap_http_decoder_end(qtap_http_decoder* d);

/** Frees it; NULL is fine. @since 0.1 */
QTAP_API void qtap_http_decoder_free(qtap_http_decoder* d);

/* ---- media types ---------------------------------------------------------------------------- */

/** What a Content-Type says (RFC 9110, 8.3.1). Immutable. @since 0.1 */
typedef struct qtap_http_media_type qtap_http_media_type;

/**
 * Reads the value of Content-Type. Bad input is read as far as it can be, and told by
 * qtap_http_media_type_fault().
 *
 * @param ret  the media type; free it with qtap_http_media_type_free()
 * @return 0, QTAP_ERR_INVALID, QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_http_media_type_parse(const char* content_type, size_t len,
                                        qtap_http_media_type** ret);

/** "application" and "problem+json", in lower case; empty when there is none. Borrowed from the
 * media type, like all texts below. @since 0.1 */
QTAP_API struct qtap_str qtap_http_media_type_type(const qtap_http_media_type* m);
QTAP_API struct qtap_str qtap_http_media_type_subtype(const qtap_http_media_type* m);

/** The structured suffix (RFC 6838, 4.2.8): "json"; empty without one. @since 0.1 */
QTAP_API struct qtap_str qtap_http_media_type_suffix(const qtap_http_media_type* m);

/** Parameter `index`, in the order as sent: the name in lower case, the value without quotes. 0,
 * QTAP_ERR_NOTFOUND, QTAP_ERR_INVALID. @since 0.1 */
QTAP_API int qtap_http_media_type_parameter_at(const qtap_http_media_type* m, size_t index,
                                               struct qtap_str* ret_name,
                                               struct qtap_str* ret_value);

/** What breaks the grammar first ("open_quote"), and where; "" when nothing does. `ret_offset`,
 * in bytes, may be NULL. NULL-safe. @since 0.1 */
QTAP_API const char* qtap_http_media_type_fault(const qtap_http_media_type* m, size_t* ret_offset);

/** Frees it; NULL is fine. @since 0.1 */
QTAP_API void qtap_http_media_type_free(qtap_http_media_type* m);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_HTTP_H */
