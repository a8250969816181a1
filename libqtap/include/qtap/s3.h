/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file s3.h
 * Signing requests to S3, and to every service that takes AWS Signature Version 4, on its own:
 * texts in, texts out. No session, no network, no clock.
 *
 *     qtap_s3_signer_new(&options, &signer, &error);
 *     qtap_s3_sign(signer, &request, &made, &error);
 *     for (i = 0; qtap_s3_signed_header_at(made, i, &header) == 0; i++) ... set it in the request
 *
 * Texts are struct qtap_str: they need no NUL, and one of length 0 may be NULL.
 */
#ifndef QTAP_S3_H
#define QTAP_S3_H

#include <qtap/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Credentials and the place that they are used at, with the keys that are derived of them.
 * Immutable: any number of threads may sign with one at the same time. @since 0.1 */
typedef struct qtap_s3_signer qtap_s3_signer;

/** What signing came to. Immutable; any thread. @since 0.1 */
typedef struct qtap_s3_signed qtap_s3_signed;

/** Makes a body of chunks. One thread at a time. @since 0.1 */
typedef struct qtap_s3_chunks qtap_s3_chunks;

/** Why a call failed. Set `size` to sizeof(struct qtap_s3_error) before it. @since 0.1 */
struct qtap_s3_error {
  size_t size;
  /** one line, NUL-terminated: `QT151: sign: target: byte 4: % without two hex digits; write %25
   * for %`. Positions count bytes from 0. Tells names, never values. */
  char text[256];
};

/** Whose rules. @since 0.1 */
enum qtap_s3_rules {
  QTAP_S3_RULES_S3 = 0,     /**< the path is encoded once and otherwise kept; x-amz-content-sha256;
                               links do not sign what they are for */
  QTAP_S3_RULES_GENERIC = 1 /**< the path is normalised, and encoded once more */
};

/** Exceptions from the rules. @since 0.1 */
enum qtap_s3_flag {
  QTAP_S3_KEEP_PATH = 1,      /**< GENERIC: do not normalise it */
  QTAP_S3_ENCODE_ONCE = 2,    /**< GENERIC: do not encode it once more */
  QTAP_S3_CONTENT_SHA256 = 4, /**< GENERIC: add x-amz-content-sha256 */
  QTAP_S3_LATE_TOKEN = 8      /**< add the session token after signing */
};

/** How the body is told to the signature. @since 0.1 */
enum qtap_s3_payload {
  QTAP_S3_SIGNED = 0,                 /**< its SHA-256 */
  QTAP_S3_UNSIGNED = 1,               /**< UNSIGNED-PAYLOAD; over TLS only */
  QTAP_S3_SIGNED_CHUNKS = 2,          /**< STREAMING-AWS4-HMAC-SHA256-PAYLOAD */
  QTAP_S3_SIGNED_CHUNKS_TRAILER = 3,  /**< STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER */
  QTAP_S3_UNSIGNED_CHUNKS_TRAILER = 4 /**< STREAMING-UNSIGNED-PAYLOAD-TRAILER; over TLS only */
};

/** A text of a qtap_s3_signed. @since 0.1 */
enum qtap_s3_text {
  QTAP_S3_CANONICAL_REQUEST = 0,
  QTAP_S3_STRING_TO_SIGN = 1,
  QTAP_S3_SIGNATURE = 2,      /**< 64 hex digits */
  QTAP_S3_SIGNED_HEADERS = 3, /**< "host;x-amz-date" */
  QTAP_S3_TARGET = 4          /**< path and query to send; of a link with the signature */
};

/** Copied by qtap_s3_signer_new(). @since 0.1 */
struct qtap_s3_options {
  size_t size; /**< sizeof(struct qtap_s3_options) */
  struct qtap_str access_key_id;
  struct qtap_str secret_access_key;
  struct qtap_str session_token; /**< of temporary credentials; else empty */
  struct qtap_str region;        /**< "eu-central-1"; at most 256 bytes */
  struct qtap_str service;       /**< empty: "s3" */
  int rules;                     /**< enum qtap_s3_rules */
  uint32_t flags;                /**< enum qtap_s3_flag */
};

/** A field of a request, or a trailer. @since 0.1 */
struct qtap_s3_header {
  struct qtap_str name;
  struct qtap_str value;
};

/** A request as it will be sent. Borrowed during the call. @since 0.1 */
struct qtap_s3_request {
  size_t size;            /**< sizeof(struct qtap_s3_request) */
  struct qtap_str method; /**< "PUT" */
  /** Path and query, "/bucket/a%20key?versioning": as they will be sent, escaped; at most 64 KiB */
  struct qtap_str target;
  const struct qtap_s3_header* headers; /**< at most 256, with Host; those that are never signed
                                           (User-Agent, Accept-Encoding, ...) may be among them */
  size_t header_count;
  int payload;          /**< enum qtap_s3_payload */
  uint32_t flags;       /**< 0 */
  int64_t time_s;       /**< seconds since 1970 UTC; servers take 15 minutes of difference */
  struct qtap_str body; /**< QTAP_S3_SIGNED: the whole */
  struct qtap_str payload_hash; /**< QTAP_S3_SIGNED: its SHA-256 in lower-case hex, instead */
  uint64_t decoded_length;      /**< chunks: bytes of the body before it is cut */
  const struct qtap_str*
      trailers; /**< chunks with trailers: their names in lower case, at most 16 */
  size_t trailer_count;
};

/**
 * Makes a signer.
 *
 * @param options  copied; the copies of the secrets are overwritten when the signer is freed
 * @param ret      on success, the signer; free it with qtap_s3_signer_free(). Untouched on failure.
 * @param reterr   may be NULL; filled on failure only
 * @return 0, QTAP_ERR_INVALID (an argument, a text that no header may hold), QTAP_ERR_LIMIT,
 *         QTAP_ERR_UNSUPPORTED (a flag or a member of a newer version), QTAP_ERR_NOMEM.
 *         Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_signer_new(const struct qtap_s3_options* options, qtap_s3_signer** ret,
                                struct qtap_s3_error* reterr);

/** Frees a signer; NULL is fine. No call with it may be running. @since 0.1 */
QTAP_API void qtap_s3_signer_free(qtap_s3_signer* signer);

/**
 * Signs a request by headers.
 *
 * @param request  borrowed during the call
 * @param ret      on success: free it with qtap_s3_signed_free(). It needs neither signer nor
 *                 request any more.
 * @param reterr   may be NULL; filled on failure only
 * @return 0, QTAP_ERR_INVALID (what is wrong and where is in the text), QTAP_ERR_LIMIT (something
 *         is too long, too), QTAP_ERR_UNSUPPORTED, QTAP_ERR_NOMEM. Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_sign(const qtap_s3_signer* signer, const struct qtap_s3_request* request,
                          qtap_s3_signed** ret, struct qtap_s3_error* reterr);

/**
 * Signs a request by its query: a link, QTAP_S3_TARGET, that anybody may use until it expires.
 *
 * @param expires_s  seconds from request->time_s, 1 to 604,800 (seven days, the most that servers
 *                   take)
 * @return as qtap_s3_sign(); QTAP_ERR_UNSUPPORTED also for chunks. Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_presign(const qtap_s3_signer* signer, const struct qtap_s3_request* request,
                             uint32_t expires_s, qtap_s3_signed** ret,
                             struct qtap_s3_error* reterr);

/** A text of what was signed: `which` is an enum qtap_s3_text. Borrowed; empty for NULL and for
 * texts that do not exist. Texts may hold the session token, which is sent in plain. Thread: any.
 * @since 0.1 */
QTAP_API struct qtap_str qtap_s3_signed_text(const qtap_s3_signed* made, int which);

/**
 * Header `index` to set in the request, in place of those of the same name; names in lower case.
 * A link needs none. Borrowed.
 *
 * @return 0, QTAP_ERR_NOTFOUND (index), QTAP_ERR_INVALID (NULL). Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_signed_header_at(const qtap_s3_signed* made, size_t index,
                                      struct qtap_s3_header* ret);

/** Frees it; NULL is fine. @since 0.1 */
QTAP_API void qtap_s3_signed_free(qtap_s3_signed* made);

/**
 * Makes the encoder of the body of a request that was signed for chunks.
 *
 * @param signer       the one that signed it
 * @param chunk_bytes  of each but the last: 8,192 (the least that S3 takes) to 16 Mi; 0: 65,536
 * @param ret          on success: free it with qtap_s3_chunks_free(). It needs neither signer nor
 *                     `made` any more.
 * @return 0, QTAP_ERR_INVALID (NULL; not signed for chunks), QTAP_ERR_LIMIT (chunk_bytes),
 *         QTAP_ERR_NOMEM. Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_chunks_new(const qtap_s3_signer* signer, const qtap_s3_signed* made,
                                size_t chunk_bytes, qtap_s3_chunks** ret,
                                struct qtap_s3_error* reterr);

/**
 * Takes the next bytes of the body, pieces of any size.
 *
 * @param ret  what to send now, may be empty; borrowed until the next call with `chunks`
 * @return 0, QTAP_ERR_INVALID (NULL; more bytes than were announced), QTAP_ERR_STATE (it has
 *         ended), QTAP_ERR_NOMEM: then nothing more can be made of it
 * @since 0.1
 */
QTAP_API int qtap_s3_chunks_data(qtap_s3_chunks* chunks, const void* bytes, size_t len,
                                 struct qtap_str* ret, struct qtap_s3_error* reterr);

/**
 * Ends the body.
 *
 * @param trailers  those that were announced, in their order; NULL when count is 0
 * @param ret       the rest of what to send; borrowed until `chunks` is freed
 * @return 0, QTAP_ERR_INVALID (NULL, fewer bytes than were announced, other trailers, blanks in
 *         one), QTAP_ERR_LIMIT (a trailer is too long), QTAP_ERR_STATE (it has ended),
 *         QTAP_ERR_NOMEM
 * @since 0.1
 */
QTAP_API int qtap_s3_chunks_end(qtap_s3_chunks* chunks, const struct qtap_s3_header* trailers,
                                size_t count, struct qtap_str* ret, struct qtap_s3_error* reterr);

/** Frees it; NULL is fine. @since 0.1 */
QTAP_API void qtap_s3_chunks_free(qtap_s3_chunks* chunks);

/**
 * How long a body of chunks will be: its Content-Length.
 *
 * @param payload      enum qtap_s3_payload, one of chunks
 * @param chunk_bytes  as for qtap_s3_chunks_new()
 * @param trailers     their names, and values of the length that they will have; only lengths count
 * @return 0, QTAP_ERR_INVALID, QTAP_ERR_LIMIT (chunk_bytes; more than 2^62 bytes; more than 16
 *         trailers). Thread: any.
 * @since 0.1
 */
QTAP_API int qtap_s3_chunked_length(int payload, uint64_t decoded_length, size_t chunk_bytes,
                                    const struct qtap_s3_header* trailers, size_t count,
                                    uint64_t* ret);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_S3_H */
