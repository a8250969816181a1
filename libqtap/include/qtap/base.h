/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file base.h
 * Status codes, borrowed bytes and the version. Every other header of libqtap includes this one.
 *
 * Every function that can fail returns an int: 0 for success, a positive QTAP_WARN_* for success
 * with a caveat, a negative QTAP_ERR_* for failure. Codes never change meaning and are never
 * reused; new ones may come, so test the sign.
 */
#ifndef QTAP_BASE_H
#define QTAP_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QTAP_VERSION_MAJOR 0
#define QTAP_VERSION_MINOR 1
#define QTAP_VERSION_PATCH 0
#define QTAP_VERSION "0.1.0"

#if defined(__GNUC__)
#define QTAP_API __attribute__((visibility("default")))
#else
#define QTAP_API
#endif

/** What a call came to. @since 0.1 */
enum qtap_status {
  QTAP_OK = 0,
  QTAP_WARN_PARTIAL = 1, /**< running, but not with everything that was asked for; the error text
                            says what is missing */
  QTAP_ERR_INVALID = -1, /**< an argument, option, rule or file content is wrong */
  QTAP_ERR_NOMEM = -2,   /**< out of memory */
  QTAP_ERR_STATE =
      -3, /**< the call does not fit the state of the session (e.g. configuring after start) */
  QTAP_ERR_BUSY = -4, /**< called from inside a callback that does not allow it */
  QTAP_ERR_PERM = -5, /**< a capability or permission is missing; the text names it */
  QTAP_ERR_UNSUPPORTED =
      -6, /**< this kernel, build or struct size cannot do it; the text says which */
  QTAP_ERR_NOTFOUND = -7, /**< no such field, option, file or index */
  QTAP_ERR_IO = -8,       /**< a system call failed; the text holds the errno */
  QTAP_ERR_CALLBACK = -9, /**< a callback returned a negative value */
  QTAP_ERR_AGAIN = -10,   /**< not now; try again later */
  QTAP_ERR_TIMEOUT = -11, /**< the deadline passed first */
  QTAP_ERR_CORRUPT = -12, /**< a recording is damaged; the text holds the position */
  QTAP_ERR_LIMIT = -13,   /**< a configured limit was reached */
  QTAP_ERR_INTERNAL = -14 /**< a defect in libqtap: please report it */
};

/** Borrowed bytes, not NUL-terminated. They live as long as the object they were read from. @since
 * 0.1 */
struct qtap_str {
  const char* data;
  size_t len;
};

/** Returns the version of the loaded library, e.g. "0.1.0". Static storage. Any thread. @since 0.1
 */
QTAP_API const char* qtap_version(void);

/** Returns the name of a status code, e.g. "QTAP_ERR_PERM", or "QTAP_ERR_UNKNOWN". Static storage.
 * Any thread. @since 0.1 */
QTAP_API const char* qtap_status_name(int status);

#ifdef __cplusplus
}
#endif

#endif /* QTAP_BASE_H */
