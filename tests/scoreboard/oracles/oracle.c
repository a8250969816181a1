/* SPDX-License-Identifier: Apache-2.0 */
/* The plan and the sockets of the C oracles. */
#include "oracle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A hung exchange must not hang the run: far above what any case needs. */
enum { DEADLINE_S = 300, BACKLOG = 1024 };

void die(const char* what) {
  fprintf(stderr, "oracle: %s: %s\n", what, strerror(errno));
  ERR_print_errors_fp(stderr);
  exit(1);
}

void* must(void* pointer) {
  if (!pointer) die("no memory, or OpenSSL refused");
  return pointer;
}

static void usage(void) {
  fputs(
      "usage: ORACLE server|client --port N --cert FILE --key FILE [--conns N] [--threads N]\n"
      "  [--rounds N] [--up BYTES] [--down BYTES] [--write BYTES] [--phases N] [--hold]\n"
      "  [--abrupt] [--bio memory|own|socket]\n",
      stderr);
  exit(2);
}

struct plan plan_parse(int argc, char** argv) {
  struct plan plan = {.conns = 1, .threads = 1, .rounds = 1, .up = 1024, .down = 1024};

  plan.write = 16384;
  plan.phases = 1;
  if (argc < 2) usage();
  plan.is_server = !strcmp(argv[1], "server");
  for (int i = 2; i < argc; ++i) {
    const char* flag = argv[i];
    if (!strcmp(flag, "--hold")) {
      plan.hold = 1;
      continue;
    }
    if (!strcmp(flag, "--abrupt")) {
      plan.abrupt = 1;
      continue;
    }
    if (++i == argc) usage();
    const char* text = argv[i];
    const uint64_t number = strtoull(text, NULL, 10);
    if (!strcmp(flag, "--port")) {
      plan.port = (int)number;
    } else if (!strcmp(flag, "--cert")) {
      plan.cert = text;
    } else if (!strcmp(flag, "--key")) {
      plan.key = text;
    } else if (!strcmp(flag, "--conns")) {
      plan.conns = (unsigned)number;
    } else if (!strcmp(flag, "--threads")) {
      plan.threads = (unsigned)number;
    } else if (!strcmp(flag, "--rounds")) {
      plan.rounds = (unsigned)number;
    } else if (!strcmp(flag, "--up")) {
      plan.up = number;
    } else if (!strcmp(flag, "--down")) {
      plan.down = number;
    } else if (!strcmp(flag, "--write")) {
      plan.write = number;
    } else if (!strcmp(flag, "--phases")) {
      plan.phases = (unsigned)number;
    } else if (!strcmp(flag, "--bio")) {
      plan.bio = !strcmp(text, "memory") ? BIO_MEMORY : !strcmp(text, "own") ? BIO_OWN : BIO_SOCKET;
    } else {
      usage();
    }
  }
  if (!plan.conns || !plan.threads || !plan.rounds || !plan.write || !plan.phases) usage();
  alarm(DEADLINE_S);
  signal(SIGPIPE, SIG_IGN);
  return plan;
}

SSL_CTX* plan_context(const struct plan* plan) {
  SSL_CTX* ctx = must(SSL_CTX_new(plan->is_server ? TLS_server_method() : TLS_client_method()));

  if (plan->is_server) {
    if (SSL_CTX_use_certificate_file(ctx, plan->cert, SSL_FILETYPE_PEM) != 1) die(plan->cert);
    if (SSL_CTX_use_PrivateKey_file(ctx, plan->key, SSL_FILETYPE_PEM) != 1) die(plan->key);
  }
  SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return ctx;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int plan_listen(const struct plan* plan) {
  struct sockaddr_in address = loopback(plan->port);
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind(fd, (struct sockaddr*)&address, len) || listen(fd, BACKLOG) ||
      getsockname(fd, (struct sockaddr*)&address, &len))
    die("listen");
  printf("{\"ev\":\"listening\",\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int plan_connect(const struct plan* plan) {
  struct sockaddr_in address = loopback(plan->port);
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || connect(fd, (struct sockaddr*)&address, sizeof address)) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

void plan_hold(void) {
  char line[16];

  puts("{\"ev\":\"held\"}");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) die("stdin");
}
