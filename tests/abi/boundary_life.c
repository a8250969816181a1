/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a session: order of calls, stop from a signal handler, what outlives what. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "abi.h"

struct kept {
  const qtap_connection* conn;
  const qtap_transaction* tx;
};

static int keep_connection(const qtap_connection* conn, int phase, void* user) {
  struct kept* kept = user;

  if (phase == QTAP_CONN_OPEN) kept->conn = qtap_connection_ref(conn);
  return 0;
}

static int keep_transaction(const qtap_transaction* tx, void* user) {
  ((struct kept*)user)->tx = qtap_transaction_ref(tx);
  return 0;
}

static void nouns_outlive_the_session(void) {
  const struct qtap_callbacks cb = {sizeof cb, keep_connection, NULL, keep_transaction, NULL, NULL,
                                    NULL};
  struct kept kept = {NULL, NULL};
  struct qtap_value value;
  struct qtap_str body = {NULL, 0};
  qtap_session* s = abi_feed_session();

  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, &kept));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  qtap_session_free(s);
  if (!CHECK(kept.conn != NULL) || !CHECK(kept.tx != NULL)) return;
  CHECK_STATUS(QTAP_OK, qtap_transaction_field(kept.tx, "http.res.status", &value));
  CHECK(value.type == QTAP_VALUE_INT64 && value.i == 200);
  CHECK_STATUS(QTAP_OK, qtap_transaction_body(kept.tx, QTAP_RESPONSE, &body));
  CHECK(body.len == 2 && memcmp(body.data, "hi", 2) == 0);
  CHECK_STATUS(QTAP_OK, qtap_transaction_decoded_body(kept.tx, QTAP_RESPONSE, &body, NULL));
  CHECK(body.len == 2 && memcmp(body.data, "hi", 2) == 0);
  CHECK_STATUS(QTAP_OK, qtap_connection_field(kept.conn, "src.process.pid", &value));
  CHECK(value.i == 4711);
  qtap_connection_unref(kept.conn);
  qtap_transaction_unref(kept.tx);
}

static void order_of_calls(void) {
  const struct qtap_callbacks cb = {sizeof cb, NULL, NULL, NULL, NULL, NULL, NULL};
  const struct qtap_sink_ops ops = {sizeof ops, "late", NULL, NULL, NULL, NULL, NULL, NULL};
  qtap_session* s = abi_feed_session();
  uint64_t id = 0;

  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_poll(s, 0));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_run(s));
  CHECK_STATUS(QTAP_ERR_STATE, abi_open(s, &id));
  CHECK(strlen(qtap_session_error(s)) > 0);
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_start(s));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_set_callbacks(s, &cb, NULL));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_add_sink(s, &ops, NULL));
  CHECK_STATUS(QTAP_OK, abi_open(s, &id)); /* none of it did harm */
  CHECK_STATUS(QTAP_OK, qtap_session_poll(s, 0));
  qtap_session_stop(s);
  CHECK_STATUS(QTAP_OK, qtap_session_run(s));
  CHECK(qtap_session_done(s) == 1);
  CHECK_STATUS(QTAP_OK, qtap_session_poll(s, -1)); /* over: does not wait */
  CHECK_STATUS(QTAP_ERR_STATE, qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, "x", 1));
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_start(s));
  qtap_session_free(s);
}

/* The session has a copy; what happens to the configuration later is not its business. */
static void config_is_copied(void) {
  qtap_config* config = abi_feed_config();
  qtap_session* s = NULL;
  qtap_session* other = NULL;

  CHECK_STATUS(QTAP_OK, qtap_session_new(&s, config));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_config_set(config, "capture.sourc", "feed"));
  CHECK(strstr(qtap_config_error(config), "\"source\"") != NULL); /* did you mean */
  CHECK_STATUS(QTAP_OK, qtap_config_set(config, "capture.source", "replay"));
  CHECK(strcmp(qtap_config_error(config), "") == 0);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_new(&other, config)); /* replay needs a file */
  CHECK(other == NULL);
  CHECK(abi_has_id(qtap_config_error(config)));
  qtap_config_free(config);
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  qtap_session_free(s);
}

/* A session whose start failed can be started again. */
static void start_again(void) {
  qtap_config* config = abi_feed_config();
  qtap_session* s = NULL;
  int i;

  CHECK_STATUS(QTAP_OK,
               qtap_config_set(config, "capture.record_file", "/no/such/directory/x.qrec"));
  CHECK_STATUS(QTAP_OK, qtap_session_new(&s, config));
  qtap_config_free(config);
  for (i = 0; i < 2; ++i) {
    CHECK_STATUS(QTAP_ERR_IO, qtap_session_start(s));
    CHECK(strstr(qtap_session_error(s), "/no/such/directory/x.qrec") != NULL);
    CHECK(abi_has_id(qtap_session_error(s)));
  }
  CHECK_STATUS(QTAP_ERR_STATE, qtap_session_poll(s, 0));
  qtap_session_free(s);
}

/* The same when one of two stores could not be made: the other is not added twice. */
static void start_again_with_stores(void) {
  static const char kYaml[] =
      "services:\n"
      "  event_stores: [{type: stdout}]\n"
      "  object_stores: [{type: file, dir: /dev/null/objects}]\n";
  qtap_config* config = abi_feed_config();
  qtap_session* s = NULL;
  int i;

  CHECK_STATUS(QTAP_OK, qtap_config_parse(config, kYaml, sizeof kYaml - 1));
  CHECK_STATUS(QTAP_OK, qtap_session_new(&s, config));
  qtap_config_free(config);
  for (i = 0; i < 2; ++i) {
    CHECK_STATUS(QTAP_ERR_IO, qtap_session_start(s));
    CHECK(strstr(qtap_session_error(s), "/dev/null/objects") != NULL);
    CHECK(abi_has_id(qtap_session_error(s)));
  }
  qtap_session_free(s);
}

static int failing_flush(void* user, int timeout_ms) {
  (void)user;
  (void)timeout_ms;
  return QTAP_ERR_IO;
}

static int take_object(void* user, const qtap_object* object) {
  (void)user;
  (void)object;
  return 0;
}

static int count_event(const qtap_event* event, void* user) {
  (void)event;
  ++*(int*)user;
  return 0;
}

/* What a worker stored is told by the flush that waited for it, also by one that fails. */
static void a_failed_flush_tells_what_was_stored(void) {
  static const char kYaml[] =
      "stacks: {s: {plugins: [{type: http_capture, config: {level: full}}]}}\n"
      "tap: {direction: all, http: {stack: s}}\n";
  const struct qtap_sink_ops ops = {sizeof ops, "objects",     NULL, take_object,
                                    NULL,       failing_flush, NULL, NULL};
  const struct qtap_callbacks cb = {sizeof cb, NULL, NULL, NULL, count_event, NULL, NULL};
  qtap_config* config = abi_feed_config();
  qtap_session* s = NULL;
  int told = 0;
  int told_before;

  CHECK_STATUS(QTAP_OK, qtap_config_parse(config, kYaml, sizeof kYaml - 1));
  CHECK_STATUS(QTAP_OK, qtap_config_set(config, "worker.threads", "1"));
  CHECK_STATUS(QTAP_OK, qtap_session_new(&s, config));
  qtap_config_free(config);
  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, &told));
  CHECK_STATUS(QTAP_OK, qtap_session_add_sink(s, &ops, NULL));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  told_before = told;
  CHECK_STATUS(QTAP_ERR_IO, qtap_session_flush(s, 20000));
  CHECK(told == told_before + 1);
  qtap_session_free(s);
}

static qtap_session* signalled;

static void on_alarm(int number) {
  (void)number;
  errno = EDOM;
  qtap_session_stop(signalled);
  if (errno != EDOM) failed_checks = 1000;
}

/* Nothing ever comes on this feed: only the signal can end the wait. */
static void stop_from_a_signal_handler(void) {
  const struct itimerval soon = {{0, 0}, {0, 20000}};
  struct sigaction action;

  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  signalled = abi_feed_session();
  CHECK_STATUS(QTAP_OK, qtap_session_start(signalled));
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
  CHECK_STATUS(QTAP_OK, qtap_session_run(signalled));
  CHECK(qtap_session_done(signalled) == 1);
  qtap_session_free(signalled);
}

static void tables_end(void) {
  size_t options = 0;
  size_t fields = 0;

  for (; qtap_option_at(options); ++options)
    CHECK(qtap_option_at(options)->size == sizeof(struct qtap_option));
  for (; qtap_field_at(fields); ++fields) CHECK(strlen(qtap_field_at(fields)->help) > 0);
  CHECK(options > 10 && fields > 10);
}

int main(void) {
  nouns_outlive_the_session();
  order_of_calls();
  config_is_copied();
  start_again();
  start_again_with_stores();
  a_failed_flush_tells_what_was_stored();
  stop_from_a_signal_handler();
  tables_end();
  return failed_checks != 0;
}
