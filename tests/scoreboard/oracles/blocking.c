/* SPDX-License-Identifier: Apache-2.0 */
/* An oracle with blocking sockets: a thread per connection (server), or connections one after the
 * other on each of some threads (client). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "oracle.h"

struct worker {
  pthread_t thread;
  const struct plan* plan;
  SSL_CTX* ctx;
  int fd;         /* server: accepted */
  unsigned first; /* client: this connection and each `threads`-th after it */
};

/* Client threads and main meet here before and after a hold. */
static pthread_barrier_t held;

static void run_phase(struct conn* conn, const struct plan* plan, unsigned char* buffer) {
  uint64_t n;

  for (;;) {
    switch (conn_step(conn, plan, &n)) {
      case STEP_SEND:
        conn_fill(conn, buffer, n);
        if (conn_send(conn, plan, buffer, n) <= 0) die("SSL_write");
        break;
      case STEP_RECEIVE:
        if (conn_receive(conn, plan, buffer, n) <= 0) die("SSL_read");
        break;
      case STEP_DONE:
        conn_tell(conn, plan);
        return;
    }
  }
}

static void run_connection(const struct worker* worker, int fd, unsigned index) {
  const struct plan* plan = worker->plan;
  unsigned char* buffer = must(malloc(plan->write > READ_BYTES ? plan->write : READ_BYTES));
  struct conn conn;

  conn_begin(&conn, plan, worker->ctx, fd, index);
  if (SSL_set_fd(conn.ssl, fd) != 1 || SSL_do_handshake(conn.ssl) != 1) die("handshake");
  for (unsigned phase = 0; phase < plan->phases; ++phase) {
    if (phase > 0 && plan->hold) {
      pthread_barrier_wait(&held);
      pthread_barrier_wait(&held);
    }
    run_phase(&conn, plan, buffer);
  }
  if (plan->abrupt) {
    tell_cost();
    _exit(0);
  }
  if (plan->is_server) /* the client says goodbye first: no data can be cut off by a reset */
    (void)SSL_read(conn.ssl, buffer, READ_BYTES);
  SSL_shutdown(conn.ssl);
  conn_free(&conn);
  free(buffer);
}

static void* serve(void* arg) {
  const struct worker* worker = arg;

  run_connection(worker, worker->fd, worker->first);
  return NULL;
}

static void* connect_all(void* arg) {
  const struct worker* worker = arg;

  for (unsigned i = worker->first; i < worker->plan->conns; i += worker->plan->threads)
    run_connection(worker, plan_connect(worker->plan), i);
  return NULL;
}

int main(int argc, char** argv) {
  struct plan plan = plan_parse(argc, argv);
  SSL_CTX* ctx = plan_context(&plan);
  int listener;
  unsigned count;
  struct worker* workers;

  if (plan.hold) plan.threads = plan.conns; /* all of them are open during the hold */
  listener = plan.is_server ? plan_listen(&plan) : -1;
  count = plan.is_server ? plan.conns : plan.threads;
  workers = must(calloc(count, sizeof *workers));
  pthread_barrier_init(&held, NULL, count + 1);
  for (unsigned i = 0; i < count; ++i) {
    workers[i] = (struct worker){.plan = &plan, .ctx = ctx, .first = i, .fd = -1};
    if (plan.is_server && (workers[i].fd = accept(listener, NULL, NULL)) < 0) die("accept");
    if (pthread_create(&workers[i].thread, NULL, plan.is_server ? serve : connect_all, &workers[i]))
      die("thread");
  }
  for (unsigned phase = 1; plan.hold && phase < plan.phases; ++phase) {
    pthread_barrier_wait(&held);
    plan_hold();
    pthread_barrier_wait(&held);
  }
  for (unsigned i = 0; i < count; ++i) pthread_join(workers[i].thread, NULL);
  tell_cost();
  free(workers);
  SSL_CTX_free(ctx);
  return 0;
}
