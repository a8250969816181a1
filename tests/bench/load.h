/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the load: HTTP/1.1 over TLS, one request at a time, never blocks once it is
 * open. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdint.h>

struct connection {
  SSL* ssl;
  int fd;
  const char* path;
  uint64_t due_ns;              /* when its request was due */
  uint64_t bytes_out, bytes_in; /* plain text */
  uint64_t body_left;
  int in_body;
  char head[4096]; /* what has come of an answer's head */
  size_t head_len;
};

enum progress { WAITING, ANSWERED, FAILED };

uint64_t now_ns(void);

/* Connects to 127.0.0.1 and shakes hands; blocks. -1: it failed. */
int connection_open(struct connection* conn, SSL_CTX* ctx, int port, const char* path);
enum progress connection_ask(struct connection* conn, uint64_t number);
enum progress connection_read(struct connection* conn);
void connection_close(struct connection* conn);

#endif /* BENCH_LOAD_H */
