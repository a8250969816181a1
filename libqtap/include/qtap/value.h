/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file value.h
 * A typed value: what a field of a transaction, connection or event holds, and what a rule is
 * evaluated over.
 *
 * The type says which members count; the others are zero. Everything a value points at is borrowed
 * from the object it was read from (or, in a lookup callback, must stay valid until the evaluation
 * returns).
 */
#ifndef QTAP_VALUE_H
#define QTAP_VALUE_H

#include <qtap/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The type of a value. New types may come at the end; treat an unknown one as opaque. @since 0.1
 */
enum qtap_value_type {
  QTAP_VALUE_NULL = 0,         /**< known to be empty; no member counts */
  QTAP_VALUE_BOOL = 1,         /**< i: 0 or 1 */
  QTAP_VALUE_INT64 = 2,        /**< i */
  QTAP_VALUE_UINT64 = 3,       /**< u */
  QTAP_VALUE_DOUBLE = 4,       /**< d */
  QTAP_VALUE_STRING = 5,       /**< s: text, normally UTF-8, not checked */
  QTAP_VALUE_BYTES = 6,        /**< s: raw bytes; in a rule they never compare */
  QTAP_VALUE_IP = 7,           /**< ip, family */
  QTAP_VALUE_CIDR = 8,         /**< ip (host bits zero), family, bits */
  QTAP_VALUE_MAC = 9,          /**< s: the raw bytes, 6 or 8 of them */
  QTAP_VALUE_LIST = 10,        /**< items, count: elements of any type (the array of a rule) */
  QTAP_VALUE_STRING_LIST = 11, /**< items, count: every element is a STRING (tags, tls.alpn) */
  QTAP_VALUE_MAP = 12, /**< items, count: name and value in turn; a name is a STRING, each once */
  /** s: raw bytes that compare as a hex literal of a rule (`47:45:54`) does: with a STRING on the
   * left by their bytes, with a MAC by their digits */
  QTAP_VALUE_HEX = 13,
  /** s: the pattern of a regex literal, without delimiters: what a rule or an argument comes to,
   * nothing that can be given (regexes are compiled with the rule) */
  QTAP_VALUE_REGEX = 14
};

/**
 * One value. A getter fills all members. Whoever fills one himself starts from
 * `struct qtap_value v = {0};` (C++: `{}`), so that members of later versions are zero.
 * @since 0.1
 */
struct qtap_value {
  int type;   /**< enum qtap_value_type */
  int family; /**< IP, CIDR: 4 or 6, how the address was written; comparison does not look at it */
  uint32_t bits;  /**< CIDR: prefix length, 0-32 when family is 4, 0-128 when it is 6 */
  uint32_t flags; /**< 0 today */
  int64_t i;
  uint64_t u;
  double d;
  struct qtap_str s;
  uint8_t ip[16]; /**< network order; IPv4 is mapped: ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2) */
  const struct qtap_value* items; /**< count elements, or NULL when count is 0 */
  size_t count;
  uint64_t reserved[2]; /**< 0 today: room for later types, so that the size need not change */
};

#ifdef __cplusplus
}
#endif

#endif /* QTAP_VALUE_H */
