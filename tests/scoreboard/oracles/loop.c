/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An oracle with all connections on one event loop: one call per connection and turn, so that they
 * interleave. With --bio memory OpenSSL never sees a socket: the ciphertext is moved here, as in
 * node and asyncio; with --bio own that BIO is none of OpenSSL's.
 *
 *   HANDSHAKE --> EXCHANGE --(all phases told)--> GOODBYE --> closed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "oracle.h"
#include "own_bio.h"

enum state { HANDSHAKE, EXCHANGE, GOODBYE, CLOSED };

struct member {
  struct conn conn;
  enum state state;
  int runnable;
  BIO *in, *out; /* they keep bytes; owned by conn.ssl; NULL = OpenSSL has the socket */
};

static struct plan plan;
static SSL_CTX* ctx;
static BIO_METHOD* own_method;
static unsigned char* buffer;

/* Moves ciphertext out; 0 when the socket took all of it. */
static int flush_out(struct member* m) {
  char* data;
  long len;

  while (m->out && (len = BIO_get_mem_data(m->out, &data)) > 0) {
    const ssize_t n = send(m->conn.fd, data, (size_t)len, 0);
    if (n < 0) return errno == EAGAIN ? 1 : (die("send"), 1);
    if (BIO_read(m->out, buffer, (int)(n < READ_BYTES ? n : READ_BYTES)) <= 0) die("bio");
    for (ssize_t rest = n - READ_BYTES; rest > 0; rest -= READ_BYTES)
      if (BIO_read(m->out, buffer, (int)(rest < READ_BYTES ? rest : READ_BYTES)) <= 0) die("bio");
  }
  return 0;
}

/* Moves ciphertext in; 0 when there was some. */
static int fetch_in(struct member* m) {
  const ssize_t n = recv(m->conn.fd, buffer, READ_BYTES, 0);

  if (n < 0 && errno == EAGAIN) return 1;
  if (n <= 0) {
    BIO_set_mem_eof_return(m->in, 0);
    return 0;
  }
  if (BIO_write(m->in, buffer, (int)n) != n) die("bio");
  return 0;
}

/* After a call that did not succeed: does the member have to wait for its socket? */
static int must_wait(struct member* m, int result) {
  const int why = SSL_get_error(m->conn.ssl, result);

  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) die("OpenSSL");
  if (!m->out) return 1;
  return flush_out(m) || (why == SSL_ERROR_WANT_READ && fetch_in(m));
}

static void say_goodbye(struct member* m) {
  SSL_shutdown(m->conn.ssl);
  flush_out(m);
  conn_free(&m->conn);
  m->state = CLOSED;
}

static void phase_over(struct member* m) {
  conn_tell(&m->conn, &plan);
  if (m->conn.phase < plan.phases) return;
  m->state = GOODBYE;
}

/* One call. */
static void step(struct member* m) {
  int result = 1;
  uint64_t n;

  if (flush_out(m)) {
    m->runnable = 0;
    return;
  }
  if (m->state == HANDSHAKE) {
    result = SSL_do_handshake(m->conn.ssl);
    if (result == 1) m->state = EXCHANGE;
  } else if (m->state == EXCHANGE) {
    switch (conn_step(&m->conn, &plan, &n)) {
      case STEP_SEND:
        conn_fill(&m->conn, buffer, n);
        result = conn_send(&m->conn, &plan, buffer, n);
        break;
      case STEP_RECEIVE:
        result = conn_receive(&m->conn, &plan, buffer, n);
        break;
      case STEP_DONE:
        phase_over(m);
        break;
    }
  } else if (!plan.is_server) {
    say_goodbye(m);
    return;
  } else { /* the client says goodbye first: no data can be cut off by a reset */
    result = SSL_read(m->conn.ssl, buffer, READ_BYTES);
    if (result == 0 || SSL_get_error(m->conn.ssl, result) == SSL_ERROR_SYSCALL) {
      say_goodbye(m);
      return;
    }
  }
  m->runnable = result > 0 || !must_wait(m, result);
}

static void add(struct member* m, int epoll, int fd, unsigned index) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = m};

  if (fcntl(fd, F_SETFL, O_NONBLOCK) || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("add");
  conn_begin(&m->conn, &plan, ctx, fd, index);
  m->runnable = 1;
  if (plan.bio != BIO_SOCKET) {
    m->in = must(BIO_new(own_method ? own_method : BIO_s_mem()));
    m->out = must(BIO_new(own_method ? own_method : BIO_s_mem()));
    SSL_set_bio(m->conn.ssl, m->in, m->out);
  } else if (SSL_set_fd(m->conn.ssl, fd) != 1) {
    die("SSL_set_fd");
  }
}

static void wait_for_events(int epoll, int listener, struct member* members, unsigned* count,
                            int timeout) {
  struct epoll_event events[64];
  const int n = epoll_wait(epoll, events, 64, timeout);

  for (int i = 0; i < n; ++i) {
    struct member* m = events[i].data.ptr;
    if (m) {
      m->runnable = 1;
      continue;
    }
    const int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    add(&members[*count], epoll, fd, *count);
    if (++*count == plan.conns) close(listener);
  }
}

int main(int argc, char** argv) {
  struct epoll_event on_accept = {.events = EPOLLIN};
  struct member* members;
  int epoll = epoll_create1(EPOLL_CLOEXEC), listener = -1;
  unsigned count = 0, closed = 0;

  plan = plan_parse(argc, argv);
  ctx = plan_context(&plan);
  if (plan.bio == BIO_OWN) own_method = own_bio_method();
  members = must(calloc(plan.conns, sizeof *members));
  buffer = must(malloc(plan.write > READ_BYTES ? plan.write : READ_BYTES));
  if (plan.is_server) {
    listener = plan_listen(&plan);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &on_accept)) die("epoll");
  } else {
    for (; count < plan.conns; ++count) add(&members[count], epoll, plan_connect(&plan), count);
  }
  while (closed < plan.conns) {
    int any = 0;
    for (unsigned i = 0; i < count; ++i) {
      struct member* m = &members[i];
      if (m->state == CLOSED || !m->runnable) continue;
      step(m);
      closed += m->state == CLOSED;
      any |= m->state != CLOSED && m->runnable;
    }
    if (closed < plan.conns) wait_for_events(epoll, listener, members, &count, any ? 0 : -1);
  }
  tell_cost();
  free(members);
  free(buffer);
  SSL_CTX_free(ctx);
  BIO_meth_free(own_method);
  return 0;
}
