/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "load.h"

static const char request_form[] =
    "GET %s%010llu HTTP/1.1\r\n"
    "Host: localhost\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: identity\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=light\r\n"
    "\r\n";

int connection_open(struct connection* conn, SSL_CTX* ctx, int port, const char* path) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int one = 1;

  conn->path = path;
  conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  conn->ssl = SSL_new(ctx);
  if (conn->fd < 0 || !conn->ssl ||
      connect(conn->fd, (struct sockaddr*)&address, sizeof address) < 0 ||
      setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
      SSL_set_fd(conn->ssl, conn->fd) != 1 || SSL_connect(conn->ssl) != 1)
    return -1;
  return fcntl(conn->fd, F_SETFL, O_NONBLOCK);
}

enum progress connection_ask(struct connection* conn, uint64_t number) {
  char request[1024];
  const int len =
      snprintf(request, sizeof request, request_form, conn->path, (unsigned long long)number);

  /* The buffer of a socket with nothing under way holds a request. */
  if (SSL_write(conn->ssl, request, len) != len) return FAILED;
  conn->bytes_out += (uint64_t)len;
  return WAITING;
}

/* The head is whole: says how much comes after it, of which `more` has come. */
static enum progress begin_body(struct connection* conn, size_t more) {
  const char* length = strcasestr(conn->head, "\r\nContent-Length:");

  if (strncmp(conn->head, "HTTP/1.1 200 ", 13) != 0 || !length) return FAILED;
  conn->body_left = strtoull(length + 17, NULL, 10);
  conn->in_body = 1;
  conn->head_len = 0;
  if (more > conn->body_left) return FAILED; /* nobody asked for another answer */
  conn->body_left -= more;
  return WAITING;
}

static enum progress take(struct connection* conn, const char* bytes, size_t len) {
  if (conn->in_body) {
    if (len > conn->body_left) return FAILED;
    conn->body_left -= len;
  } else {
    const size_t room = sizeof conn->head - 1 - conn->head_len;
    const size_t taken = len < room ? len : room;
    const char* end;

    memcpy(conn->head + conn->head_len, bytes, taken);
    conn->head_len += taken;
    conn->head[conn->head_len] = '\0';
    end = strstr(conn->head, "\r\n\r\n");
    if (!end) return taken < len ? FAILED : WAITING;
    if (begin_body(conn, conn->head_len - (size_t)(end + 4 - conn->head) + (len - taken)) == FAILED)
      return FAILED;
  }
  if (conn->body_left) return WAITING;
  conn->in_body = 0;
  return ANSWERED;
}

enum progress connection_read(struct connection* conn) {
  static char buffer[16384];

  for (;;) {
    const int n = SSL_read(conn->ssl, buffer, sizeof buffer);
    enum progress progress;

    if (n <= 0) return SSL_get_error(conn->ssl, n) == SSL_ERROR_WANT_READ ? WAITING : FAILED;
    conn->bytes_in += (uint64_t)n;
    progress = take(conn, buffer, (size_t)n);
    if (progress != WAITING) return progress;
  }
}

void connection_close(struct connection* conn) {
  SSL_shutdown(conn->ssl);
  SSL_free(conn->ssl);
  close(conn->fd);
}
