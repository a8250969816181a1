/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of an oracle: whose turn it is, what is sent, and the truth about both directions.
 */
#include <arpa/inet.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

static atomic_ulong calls;

static void derive_block(struct flow* flow) {
  EVP_MD_CTX* shake = must(EVP_MD_CTX_new());

  if (!flow->block) flow->block = must(malloc(BLOCK_BYTES));
  if (EVP_DigestInit_ex(shake, EVP_shake128(), NULL) != 1 ||
      EVP_DigestUpdate(shake, flow->nonce, NONCE_BYTES) != 1 ||
      EVP_DigestFinalXOF(shake, flow->block, BLOCK_BYTES) != 1)
    die("shake128");
  EVP_MD_CTX_free(shake);
}

static void flow_begin(struct flow* flow) {
  if (!flow->hash) flow->hash = must(EVP_MD_CTX_new());
  if (EVP_DigestInit_ex(flow->hash, EVP_sha256(), NULL) != 1) die("sha256");
  flow->bytes = 0;
  memset(flow->nonce, 0, sizeof flow->nonce);
}

/* `bytes` were handed to TLS, or came out of it. */
static void flow_add(struct flow* flow, const unsigned char* bytes, uint64_t n) {
  for (uint64_t i = flow->bytes; i < NONCE_BYTES && i < flow->bytes + n; ++i)
    flow->nonce[i] = (char)bytes[i - flow->bytes];
  if (EVP_DigestUpdate(flow->hash, bytes, n) != 1) die("sha256");
  flow->bytes += n;
}

static void phase_begin(struct conn* conn, const struct plan* plan) {
  unsigned char random[NONCE_BYTES / 2];

  flow_begin(&conn->sent);
  flow_begin(&conn->received);
  if (RAND_bytes(random, sizeof random) != 1) die("random");
  for (size_t i = 0; i < sizeof random; ++i)
    snprintf(conn->sent.nonce + 2 * i, 3, "%02x", random[i]);
  derive_block(&conn->sent);
  conn->round = 0;
  conn->sending = !plan->is_server;
  conn->message_done = 0;
}

void conn_begin(struct conn* conn, const struct plan* plan, SSL_CTX* ctx, int fd, unsigned index) {
  memset(conn, 0, sizeof *conn);
  conn->fd = fd;
  conn->index = index;
  conn->ssl = must(SSL_new(ctx));
  if (index & 2) SSL_set_mode(conn->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
  plan->is_server ? SSL_set_accept_state(conn->ssl) : SSL_set_connect_state(conn->ssl);
  phase_begin(conn, plan);
}

static uint64_t message_bytes(const struct conn* conn, const struct plan* plan) {
  return conn->sending != plan->is_server ? plan->up : plan->down;
}

enum step conn_step(const struct conn* conn, const struct plan* plan, uint64_t* max) {
  const uint64_t left = message_bytes(conn, plan) - conn->message_done;
  const uint64_t most = conn->sending ? plan->write : READ_BYTES;

  if (conn->round == plan->rounds) return STEP_DONE;
  *max = left < most ? left : most;
  return conn->sending ? STEP_SEND : STEP_RECEIVE;
}

/* `n` bytes of the message at hand were moved. The client's message comes first in each round. */
static void advance(struct conn* conn, const struct plan* plan, uint64_t n) {
  conn->message_done += n;
  if (conn->message_done < message_bytes(conn, plan)) return;
  conn->message_done = 0;
  if (conn->sending == plan->is_server) ++conn->round;
  conn->sending = !conn->sending;
}

void conn_fill(const struct conn* conn, unsigned char* buffer, uint64_t n) {
  const struct flow* flow = &conn->sent;
  const unsigned char* nonce = (const unsigned char*)flow->nonce;
  uint64_t at = flow->bytes;

  while (n > 0) {
    const int in_nonce = at < NONCE_BYTES;
    const uint64_t skip = in_nonce ? at : (at - NONCE_BYTES) % BLOCK_BYTES;
    const uint64_t room = (in_nonce ? NONCE_BYTES : BLOCK_BYTES) - skip;
    const uint64_t take = n < room ? n : room;
    memcpy(buffer, (in_nonce ? nonce : flow->block) + skip, take);
    buffer += take;
    at += take;
    n -= take;
  }
}

int conn_send(struct conn* conn, const struct plan* plan, const unsigned char* buffer, uint64_t n) {
  size_t done = 0;
  int result;

  ++calls;
  if (conn->index & 1) {
    result = SSL_write_ex(conn->ssl, buffer, n, &done);
  } else {
    result = SSL_write(conn->ssl, buffer, (int)n);
    if (result > 0) done = (size_t)result;
  }
  if (result <= 0) return result;
  flow_add(&conn->sent, buffer, done);
  advance(conn, plan, done);
  return result;
}

int conn_receive(struct conn* conn, const struct plan* plan, unsigned char* buffer, uint64_t n) {
  size_t done = 0;
  int result;

  ++calls;
  if (conn->index & 1) {
    result = SSL_read_ex(conn->ssl, buffer, n, &done);
  } else {
    result = SSL_read(conn->ssl, buffer, (int)n);
    if (result > 0) done = (size_t)result;
  }
  if (result <= 0) return result;
  flow_add(&conn->received, buffer, done);
  advance(conn, plan, done);
  return result;
}

static void address_text(int fd, int remote, char* text, size_t size) {
  struct sockaddr_in address = {0};
  socklen_t len = sizeof address;
  char ip[INET_ADDRSTRLEN];

  if (remote ? getpeername(fd, (struct sockaddr*)&address, &len)
             : getsockname(fd, (struct sockaddr*)&address, &len))
    die("address");
  inet_ntop(AF_INET, &address.sin_addr, ip, sizeof ip);
  snprintf(text, size, "%s:%d", ip, ntohs(address.sin_port));
}

static void tell_flow(const struct conn* conn, const struct plan* plan, const struct flow* flow,
                      const char* dir) {
  unsigned char digest[32];
  char hex[65], local[32], remote[32];

  if (EVP_DigestFinal_ex(flow->hash, digest, NULL) != 1) die("sha256");
  for (size_t i = 0; i < sizeof digest; ++i) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  address_text(conn->fd, 0, local, sizeof local);
  address_text(conn->fd, 1, remote, sizeof remote);
  printf(
      "{\"ev\":\"truth\",\"pid\":%d,\"role\":\"%s\",\"phase\":%u,\"local\":\"%s\",\"remote\":\"%"
      "s\","
      "\"dir\":\"%s\",\"nonce\":\"%s\",\"bytes\":%llu,\"sha256\":\"%s\"}\n",
      getpid(), plan->is_server ? "server" : "client", conn->phase, local, remote, dir, flow->nonce,
      (unsigned long long)flow->bytes, hex);
}

void conn_tell(struct conn* conn, const struct plan* plan) {
  tell_flow(conn, plan, &conn->sent, "sent");
  tell_flow(conn, plan, &conn->received, "received");
  ++conn->phase;
  phase_begin(conn, plan);
}

void conn_free(struct conn* conn) {
  SSL_free(conn->ssl);
  close(conn->fd);
  free(conn->sent.block);
  free(conn->received.block);
  EVP_MD_CTX_free(conn->sent.hash);
  EVP_MD_CTX_free(conn->received.hash);
}

void tell_cost(void) {
  struct timespec used;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  printf("{\"ev\":\"cost\",\"calls\":%lu,\"cpu_ns\":%lld}\n", (unsigned long)calls,
         (long long)used.tv_sec * 1000000000 + used.tv_nsec);
  fflush(stdout);
}
