/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BIO that keeps bytes as OpenSSL's memory BIOs do, with a method of its own: what libraries do
 * that have their own buffers. It answers the two controls of a memory BIO that loop.c uses.
 */
#include "own_bio.h"

#include <stdlib.h>
#include <string.h>

#include "oracle.h"

struct kept {
  char* data;
  size_t at, end, room; /* the bytes are those of [at, end) */
  int ended;            /* nothing follows */
};

static int own_write(BIO* bio, const char* data, int len) {
  struct kept* kept = BIO_get_data(bio);

  BIO_clear_retry_flags(bio);
  if (len <= 0) return 0;
  if (kept->at == kept->end) kept->at = kept->end = 0;
  if (kept->end + (size_t)len > kept->room) {
    kept->room = 2 * (kept->end + (size_t)len);
    kept->data = must(realloc(kept->data, kept->room));
  }
  memcpy(kept->data + kept->end, data, (size_t)len);
  kept->end += (size_t)len;
  return len;
}

static int own_read(BIO* bio, char* data, int len) {
  struct kept* kept = BIO_get_data(bio);
  const size_t have = kept->end - kept->at;
  const size_t n = len <= 0 ? 0 : (size_t)len < have ? (size_t)len : have;

  BIO_clear_retry_flags(bio);
  if (n == 0 && !kept->ended) {
    BIO_set_retry_read(bio);
    return -1;
  }
  memcpy(data, kept->data + kept->at, n);
  kept->at += n;
  return (int)n;
}

static long own_ctrl(BIO* bio, int command, long number, void* pointer) {
  struct kept* kept = BIO_get_data(bio);

  switch (command) {
    case BIO_CTRL_INFO:
      *(char**)pointer = kept->data + kept->at;
      return (long)(kept->end - kept->at);
    case BIO_C_SET_BUF_MEM_EOF_RETURN:
      kept->ended = number == 0;
      return 1;
    case BIO_CTRL_FLUSH:
      return 1;
    default:
      return 0;
  }
}

static int own_create(BIO* bio) {
  struct kept* kept = must(calloc(1, sizeof *kept));

  kept->data = must(malloc(1));
  BIO_set_data(bio, kept);
  BIO_set_init(bio, 1);
  return 1;
}

static int own_destroy(BIO* bio) {
  struct kept* kept = BIO_get_data(bio);

  free(kept->data);
  free(kept);
  return 1;
}

BIO_METHOD* own_bio_method(void) {
  BIO_METHOD* method = must(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "scoreboard"));

  if (!BIO_meth_set_write(method, own_write) || !BIO_meth_set_read(method, own_read) ||
      !BIO_meth_set_ctrl(method, own_ctrl) || !BIO_meth_set_create(method, own_create) ||
      !BIO_meth_set_destroy(method, own_destroy))
    die("BIO_METHOD");
  return method;
}
