/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was delivered of each connection, in constant memory: a hash per run of bytes without a gap
 * (a segment), and the first bytes, which hold the oracle's nonce.
 */
#ifndef SCOREBOARD_STREAM_TABLE_H
#define SCOREBOARD_STREAM_TABLE_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_BYTES = 512 }; /* an HTTP answer has its nonce in a header field */

struct segment {
  uint64_t offset, len;
  unsigned char digest[32];
};

struct stream {
  EVP_MD_CTX* hash; /* of the last segment; NULL = finished */
  struct segment* segments;
  size_t count;
  uint64_t lost;
  uint64_t head_at; /* offset of the first byte that was delivered */
  size_t head_len;
  unsigned char head[HEAD_BYTES];
};

struct pair {
  struct pair* next;
  char id[64];
  struct stream stream[2];
};

struct pair* pair_find(const char* id);
struct pair* pair_get(const char* id); /* made on first use */
void pair_remove(struct pair* pair);

void stream_lost(struct stream* stream, uint64_t bytes);
void stream_add(struct stream* stream, uint64_t offset, const void* bytes, size_t len);
/* Prints `,"lost":N,"head":"...","segments":[[offset,len,"sha256"],...]`. */
void stream_print_rest(const struct stream* stream);

#endif /* SCOREBOARD_STREAM_TABLE_H */
