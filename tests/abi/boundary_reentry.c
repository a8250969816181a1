/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from inside callbacks and sinks: allowed, QTAP_ERR_BUSY or ignored, as the table in
 * qtap/session.h says. */
#include <pthread.h>

#include "abi.h"

struct state {
  qtap_session* session;
  int calls;
  int logged;
};

/* Everything that a callback may not call, and then what it may. */
static void call_everything(qtap_session* s) {
  struct qtap_callbacks cb = {sizeof cb, NULL, NULL, NULL, NULL, NULL, NULL};
  struct qtap_sink_ops ops = {sizeof ops, "inner", NULL, NULL, NULL, NULL, NULL, NULL};
  struct qtap_stats stats = {0};
  uint64_t id = 0;

  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_set_callbacks(s, &cb, NULL));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_add_sink(s, &ops, NULL));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_start(s));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_run(s));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_flush(s, 0));
  CHECK_STATUS(QTAP_ERR_BUSY, abi_open(s, &id));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_feed_data(s, 1, QTAP_DIR_SENT, ABI_START, "x", 1));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_feed_gap(s, 1, QTAP_DIR_SENT, 1));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_feed_close(s, 1, ABI_START));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_feed_tick(s, ABI_START));
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_poll(s, 0));
  CHECK(strstr(qtap_session_error(s), "qtap_session_poll: not from inside a callback") != NULL);
  qtap_session_free(s);

  CHECK(qtap_session_fd(s) >= 0);
  CHECK(qtap_session_done(s) == 0);
  CHECK(qtap_session_attached_at(s, 1000) == NULL);
  stats.size = sizeof stats;
  CHECK_STATUS(QTAP_OK, qtap_session_stats(s, &stats));
}

static int enter(void* user) {
  struct state* state = user;

  ++state->calls;
  call_everything(state->session);
  return 0;
}

static int on_connection(const qtap_connection* conn, int phase, void* user) {
  (void)conn;
  (void)phase;
  return enter(user);
}
static int on_data(const qtap_connection* conn, const struct qtap_data* data, void* user) {
  (void)conn;
  (void)data;
  return enter(user);
}
static int on_transaction(const qtap_transaction* tx, void* user) {
  (void)tx;
  return enter(user);
}
static int on_event(const qtap_event* event, void* user) {
  (void)event;
  return enter(user);
}
static int on_object(const qtap_object* object, void* user) {
  (void)object;
  return enter(user);
}
static int put_event(void* user, const qtap_event* event) {
  (void)event;
  return enter(user);
}
static int put_object(void* user, const qtap_object* object) {
  (void)object;
  return enter(user);
}
static int put_body(void* user, const struct qtap_body_chunk* chunk) {
  (void)chunk;
  return enter(user);
}

static void on_log(int level, const char* message, void* user) {
  if (level == QTAP_LOG_ERROR && strstr(message, "qtap_session_free: ignored"))
    ++((struct state*)user)->logged;
}

static const char plugins[] =
    "tap: { http: { stack: all } }\n"
    "stacks: { all: { plugins: [ { type: http_capture, config: { level: full } }, { type: "
    "report_usage } ] } }\n";

static void from_callbacks_and_inline_sinks(void) {
  const struct qtap_callbacks cb = {sizeof cb, on_connection, on_data, on_transaction,
                                    on_event,  on_object,     NULL};
  const struct qtap_sink_ops ops = {sizeof ops, "inline", put_event, put_object,
                                    NULL,       NULL,     NULL,      put_body};
  struct state state = {NULL, 0, 0};
  qtap_config* config = abi_feed_config();

  qtap_config_set_logger(config, on_log, &state);
  if (!CHECK_STATUS(QTAP_OK, qtap_config_parse(config, plugins, sizeof plugins - 1)))
    fprintf(stderr, "%s\n", qtap_config_error(config));
  CHECK_STATUS(QTAP_OK, qtap_session_new(&state.session, config));
  qtap_config_free(config);
  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(state.session, &cb, &state));
  CHECK_STATUS(QTAP_OK, qtap_session_add_sink(state.session, &ops, &state));
  CHECK_STATUS(QTAP_OK, qtap_session_start(state.session));
  CHECK_STATUS(QTAP_OK,
               abi_exchange(state.session)); /* goes on, and clears what the inner calls said */
  CHECK(strcmp(qtap_session_error(state.session), "") == 0);
  CHECK(state.calls >= 10); /* open, two pieces, transaction, object, event, sink four times */
  CHECK(state.logged == state.calls);
  qtap_session_free(state.session);
}

/* A callback that fails: the call says so, and the next one goes on with the next record. */
static int refuse(const qtap_transaction* tx, void* user) {
  (void)tx;
  ++*(int*)user;
  return -1;
}

static void failing_callback(void) {
  const struct qtap_callbacks cb = {sizeof cb, NULL, NULL, refuse, NULL, NULL, NULL};
  struct qtap_stats stats = {0};
  qtap_session* s = abi_feed_session();
  uint64_t id = 0;
  int calls = 0;

  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, &calls));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_open(s, &id));
  CHECK_STATUS(QTAP_OK, qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, abi_request,
                                       sizeof abi_request - 1));
  CHECK_STATUS(QTAP_ERR_CALLBACK, qtap_feed_data(s, id, QTAP_DIR_RECEIVED, ABI_START, abi_response,
                                                 sizeof abi_response - 1));
  CHECK(strstr(qtap_session_error(s), "on_transaction") != NULL);
  CHECK(abi_has_id(qtap_session_error(s)));
  CHECK_STATUS(QTAP_OK, qtap_feed_close(s, id, ABI_START));
  CHECK(strcmp(qtap_session_error(s), "") == 0);
  CHECK(calls == 1);
  stats.size = sizeof stats;
  CHECK_STATUS(QTAP_OK, qtap_session_stats(s, &stats));
  CHECK(stats.transactions == 1);
  qtap_session_free(s);
}

/* Another thread that polls while this one is inside a call is told so, and breaks nothing. */
static void* poll_elsewhere(void* session) {
  CHECK_STATUS(QTAP_ERR_BUSY, qtap_session_poll(session, 0));
  qtap_session_stop(session);
  return NULL;
}

static int start_a_thread(const qtap_transaction* tx, void* user) {
  pthread_t thread;

  (void)tx;
  if (pthread_create(&thread, NULL, poll_elsewhere, user) != 0) return -1;
  return pthread_join(thread, NULL);
}

static void other_thread(void) {
  const struct qtap_callbacks cb = {sizeof cb, NULL, NULL, start_a_thread, NULL, NULL, NULL};
  qtap_session* s = abi_feed_session();

  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, s));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  CHECK_STATUS(QTAP_OK, qtap_session_run(s)); /* was stopped */
  CHECK(qtap_session_done(s) == 1);
  qtap_session_free(s);
}

int main(void) {
  from_callbacks_and_inline_sinks();
  failing_callback();
  other_thread();
  return failed_checks != 0;
}
