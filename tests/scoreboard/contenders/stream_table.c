/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 };

static struct pair* buckets[BUCKETS];

static struct pair** bucket_of(const char* id) {
  size_t hash = 5381; /* Bernstein's: any spread of the ids will do */

  while (*id) hash = hash * 33 + (unsigned char)*id++;
  return &buckets[hash % BUCKETS];
}

static void* must(void* pointer) {
  if (!pointer) {
    fputs("stream_table: out of memory\n", stderr);
    exit(1);
  }
  return pointer;
}

struct pair* pair_find(const char* id) {
  for (struct pair* pair = *bucket_of(id); pair; pair = pair->next)
    if (!strcmp(pair->id, id)) return pair;
  return NULL;
}

struct pair* pair_get(const char* id) {
  struct pair* pair = pair_find(id);
  struct pair** bucket = bucket_of(id);

  if (pair) return pair;
  pair = must(calloc(1, sizeof *pair));
  snprintf(pair->id, sizeof pair->id, "%s", id);
  pair->next = *bucket;
  return *bucket = pair;
}

void pair_remove(struct pair* pair) {
  struct pair** link = bucket_of(pair->id);

  while (*link != pair) link = &(*link)->next;
  *link = pair->next;
  for (int dir = 0; dir < 2; ++dir) {
    EVP_MD_CTX_free(pair->stream[dir].hash);
    free(pair->stream[dir].segments);
  }
  free(pair);
}

static int continues(const struct stream* stream, uint64_t offset) {
  const struct segment* last;

  if (!stream->count) return 0;
  last = &stream->segments[stream->count - 1];
  return last->offset + last->len == offset;
}

/* The digest of the segment at hand, which may still grow. */
static void digest_so_far(const struct stream* stream, unsigned char* digest) {
  EVP_MD_CTX* copy = must(EVP_MD_CTX_new());

  EVP_MD_CTX_copy_ex(copy, stream->hash);
  EVP_DigestFinal_ex(copy, digest, NULL);
  EVP_MD_CTX_free(copy);
}

static void begin_segment(struct stream* stream, uint64_t offset) {
  if (stream->count) {
    EVP_DigestFinal_ex(stream->hash, stream->segments[stream->count - 1].digest, NULL);
  } else {
    stream->hash = must(EVP_MD_CTX_new());
  }
  EVP_DigestInit_ex(stream->hash, EVP_sha256(), NULL);
  if (!(stream->count & (stream->count - 1))) /* doubles at each power of two */
    stream->segments =
        must(realloc(stream->segments, sizeof(struct segment) * 2 * (stream->count + 1)));
  stream->segments[stream->count++] = (struct segment){.offset = offset};
}

void stream_lost(struct stream* stream, uint64_t bytes) {
  stream->lost += bytes;
}

void stream_add(struct stream* stream, uint64_t offset, const void* bytes, size_t len) {
  if (!len) return;
  if (!continues(stream, offset)) begin_segment(stream, offset);
  if (!stream->head_len) stream->head_at = offset;
  if (offset == stream->head_at + stream->head_len && stream->head_len < HEAD_BYTES) {
    const size_t room = HEAD_BYTES - stream->head_len;
    memcpy(stream->head + stream->head_len, bytes, len < room ? len : room);
    stream->head_len += len < room ? len : room;
  }
  EVP_DigestUpdate(stream->hash, bytes, len);
  stream->segments[stream->count - 1].len += len;
}

static void print_hex(const unsigned char* bytes, size_t len) {
  for (size_t i = 0; i < len; ++i) printf("%02x", bytes[i]);
}

void stream_print_rest(const struct stream* stream) {
  printf(",\"lost\":%llu,\"head\":\"", (unsigned long long)stream->lost);
  print_hex(stream->head, stream->head_len);
  fputs("\",\"segments\":[", stdout);
  for (size_t i = 0; i < stream->count; ++i) {
    const struct segment* one = &stream->segments[i];
    unsigned char digest[32];

    memcpy(digest, one->digest, sizeof digest);
    if (i + 1 == stream->count) digest_so_far(stream, digest);
    printf("%s[%llu,%llu,\"", i ? "," : "", (unsigned long long)one->offset,
           (unsigned long long)one->len);
    print_hex(digest, sizeof digest);
    fputs("\"]", stdout);
  }
  fputs("]", stdout);
}
