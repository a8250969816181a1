/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traced program of call_cost.py: both ends of a TLS connection on one thread, 1 KiB per
 * SSL_write and SSL_read. Usage: call_app CERT KEY. Each line of standard input, "socket SECONDS"
 * or "pair SECONDS", is one measurement over a new connection, by loopback TCP or by a pair of
 * memory BIOs; the answer is one JSON line: messages (all of the connection), measured, and their
 * processor time cpu_ns.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 1024, BATCH = 256, WARM_BATCHES = 8 };

struct ends {
  SSL *client, *server;
  int fd[2];
};

static void die(const char* what) {
  fprintf(stderr, "call_app: %s failed\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static uint64_t cpu_ns(void) {
  struct timespec now;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Both ends of a loopback connection that never blocks. */
static void open_sockets(int fd[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr*)&address, size) < 0 || listen(listener, 1) < 0 ||
      getsockname(listener, (struct sockaddr*)&address, &size) < 0 ||
      connect(fd[0], (struct sockaddr*)&address, size) < 0)
    die("connect");
  fd[1] = accept(listener, NULL, NULL);
  close(listener);
  for (int i = 0; i < 2; ++i)
    if (fcntl(fd[i], F_SETFL, O_NONBLOCK) < 0) die("fcntl");
}

static void shake_hands(const struct ends* ends) {
  for (int client = 0, server = 0, tries = 0; client != 1 || server != 1; ++tries) {
    client = SSL_do_handshake(ends->client);
    server = SSL_do_handshake(ends->server);
    if (tries > 100000) die("handshake");
  }
}

static struct ends begin(SSL_CTX* client, SSL_CTX* server, int by_socket) {
  struct ends ends = {SSL_new(client), SSL_new(server), {-1, -1}};

  SSL_set_connect_state(ends.client);
  SSL_set_accept_state(ends.server);
  if (by_socket) {
    open_sockets(ends.fd);
    if (!SSL_set_fd(ends.client, ends.fd[0]) || !SSL_set_fd(ends.server, ends.fd[1]))
      die("SSL_set_fd");
  } else {
    BIO *one, *other;
    if (!BIO_new_bio_pair(&one, 0, &other, 0)) die("BIO_new_bio_pair");
    SSL_set_bio(ends.client, one, one);
    SSL_set_bio(ends.server, other, other);
  }
  shake_hands(&ends);
  return ends;
}

static void end(struct ends* ends) {
  SSL_shutdown(ends->client);
  SSL_shutdown(ends->server);
  SSL_free(ends->client);
  SSL_free(ends->server);
  for (int i = 0; i < 2; ++i)
    if (ends->fd[i] >= 0) close(ends->fd[i]);
}

static void move_batch(const struct ends* ends) {
  static unsigned char message[MESSAGE_BYTES], received[MESSAGE_BYTES];

  for (int i = 0; i < BATCH; ++i) {
    int n;
    if (SSL_write(ends->client, message, MESSAGE_BYTES) != MESSAGE_BYTES) die("SSL_write");
    while ((n = SSL_read(ends->server, received, MESSAGE_BYTES)) < 0) {
      struct pollfd wait = {.fd = ends->fd[1], .events = POLLIN};
      if (SSL_get_error(ends->server, n) != SSL_ERROR_WANT_READ) die("SSL_read");
      poll(&wait, 1, -1); /* loopback delivers at once, as a rule */
    }
    if (n != MESSAGE_BYTES) die("SSL_read");
  }
}

static void measure(SSL_CTX* client, SSL_CTX* server, int by_socket, double seconds) {
  struct ends ends = begin(client, server, by_socket);
  uint64_t measured = 0, start, now;

  for (int i = 0; i < WARM_BATCHES; ++i) move_batch(&ends);
  start = cpu_ns();
  do {
    move_batch(&ends);
    measured += BATCH;
    now = cpu_ns();
  } while ((double)(now - start) < seconds * 1e9);
  end(&ends);
  printf("{\"messages\":%llu,\"measured\":%llu,\"cpu_ns\":%llu}\n",
         (unsigned long long)(measured + WARM_BATCHES * BATCH), (unsigned long long)measured,
         (unsigned long long)(now - start));
  fflush(stdout);
}

int main(int argc, char** argv) {
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  SSL_CTX* server = SSL_CTX_new(TLS_server_method());
  char line[64], way[16];
  double seconds;

  if (argc != 3 || !client || !server ||
      SSL_CTX_use_certificate_file(server, argv[1], SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(server, argv[2], SSL_FILETYPE_PEM) != 1)
    die("usage: call_app CERT KEY:");
  SSL_CTX_set_num_tickets(server, 0); /* nobody would read them */
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%15s %lf", way, &seconds) != 2) die("reading the line");
    measure(client, server, !strcmp(way, "socket"), seconds);
  }
  SSL_CTX_free(client);
  SSL_CTX_free(server);
  return 0;
}
