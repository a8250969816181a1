/* SPDX-License-Identifier: Apache-2.0 */
/* Sized structs: of this version, an older one, a newer one, none. */
#include "abi.h"

/* A caller compiled against a later header. */
struct newer_callbacks {
  struct qtap_callbacks known;
  int (*on_later)(void* user);
};
struct newer_peer {
  struct qtap_peer known;
  uint64_t later;
};
struct newer_stats {
  struct qtap_stats known;
  uint64_t later[4];
};
struct newer_sink {
  struct qtap_sink_ops known;
  void (*later)(void);
};

static int later(void* user) {
  (void)user;
  return 0;
}

static void later_call(void) {}

static int on_connection(const qtap_connection* conn, int phase, void* user) {
  (void)conn;
  (void)phase;
  ++*(int*)user;
  return 0;
}

static int on_transaction(const qtap_transaction* tx, void* user) {
  (void)tx;
  ++*(int*)user;
  return 0;
}

static void callbacks(void) {
  static const size_t wrong[] = {0, 1, 7, sizeof(struct qtap_callbacks) - 1, 4104, SIZE_MAX};
  struct newer_callbacks cb;
  qtap_session* s = abi_feed_session();
  int count = 0;
  size_t i;

  memset(&cb, 0, sizeof cb);
  for (i = 0; i < sizeof wrong / sizeof *wrong; ++i) {
    cb.known.size = wrong[i];
    CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_set_callbacks(s, &cb.known, NULL));
    CHECK(strstr(qtap_session_error(s), "qtap_callbacks.size") != NULL);
    CHECK(abi_has_id(qtap_session_error(s)));
  }
  cb.known.size = sizeof cb;
  cb.on_later = later;
  CHECK_STATUS(QTAP_ERR_UNSUPPORTED, qtap_session_set_callbacks(s, &cb.known, NULL));
  cb.on_later = NULL; /* newer, but sets nothing that we lack */
  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb.known, NULL));

  /* An older caller's struct ends after on_connection; what lies behind it is not ours to read. */
  cb.known.size = offsetof(struct qtap_callbacks, on_data);
  cb.known.on_connection = on_connection;
  cb.known.on_transaction = on_transaction;
  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb.known, &count));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  CHECK(count >= 2); /* opened and closed */
  qtap_session_free(s);
}

static void old_callbacks_stop_where_they_end(void) {
  struct qtap_callbacks cb;
  qtap_session* s = abi_feed_session();
  int count = 0;

  memset(&cb, 0, sizeof cb);
  cb.size = offsetof(struct qtap_callbacks, on_transaction);
  cb.on_transaction = on_transaction;
  CHECK_STATUS(QTAP_OK, qtap_session_set_callbacks(s, &cb, &count));
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  CHECK(count == 0);
  qtap_session_free(s);
}

static void peers(void) {
  struct newer_peer peer;
  qtap_session* s = abi_feed_session();
  uint64_t id = 0;

  memset(&peer, 0, sizeof peer);
  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, &peer.known, ABI_START, &id));
  peer.known.size = sizeof peer;
  peer.later = 1;
  CHECK_STATUS(QTAP_ERR_UNSUPPORTED, qtap_feed_open(s, &peer.known, ABI_START, &id));
  peer.later = 0;
  CHECK_STATUS(QTAP_OK, qtap_feed_open(s, &peer.known, ABI_START, &id));
  peer.known.size = offsetof(struct qtap_peer, exe);
  peer.known.exe.len = 9; /* beyond what the size tells */
  CHECK_STATUS(QTAP_OK, qtap_feed_open(s, &peer.known, ABI_START, &id));
  peer.known.size = sizeof peer.known;
  peer.known.exe.len = 0;
  peer.known.role = 3;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, &peer.known, ABI_START, &id));
  peer.known.role = 0;
  peer.known.family = 77;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_feed_open(s, &peer.known, ABI_START, &id));
  CHECK(strstr(qtap_session_error(s), "77") != NULL);
  qtap_session_free(s);
}

static void stats(void) {
  struct newer_stats stats;
  qtap_session* s = abi_feed_session();

  CHECK_STATUS(QTAP_OK, qtap_session_start(s));
  CHECK_STATUS(QTAP_OK, abi_exchange(s));
  memset(&stats, 0xaa, sizeof stats);
  stats.known.size = 0;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_stats(s, &stats.known));
  stats.known.size = sizeof stats;
  CHECK_STATUS(QTAP_OK, qtap_session_stats(s, &stats.known));
  CHECK(stats.known.size == sizeof stats.known);
  CHECK(stats.known.transactions == 1);
  CHECK(stats.later[0] == UINT64_C(0xaaaaaaaaaaaaaaaa));

  memset(&stats, 0xaa, sizeof stats);
  stats.known.size = offsetof(struct qtap_stats, bytes_seen);
  CHECK_STATUS(QTAP_OK, qtap_session_stats(s, &stats.known));
  CHECK(stats.known.size == offsetof(struct qtap_stats, bytes_seen));
  CHECK(stats.known.records > 0 && stats.known.records < 100);
  CHECK(stats.known.bytes_seen == UINT64_C(0xaaaaaaaaaaaaaaaa));
  qtap_session_free(s);
}

static int put_event(void* user, const qtap_event* event) {
  (void)user;
  (void)event;
  return 0;
}

static void closed(void* user) {
  ++*(int*)user;
}

static int put_body(void* user, const struct qtap_body_chunk* chunk) {
  (void)chunk;
  ++*(int*)user;
  return 0;
}

static const char full[] =
    "tap: { http: { stack: all } }\n"
    "stacks: { all: { plugins: [ { type: http_capture, config: { level: full } } ] } }\n";

/* What lies behind an older caller's table is not ours to call. */
static void old_sinks_take_no_bodies(void) {
  const size_t sizes[] = {offsetof(struct qtap_sink_ops, put_body), sizeof(struct qtap_sink_ops)};
  size_t i;

  for (i = 0; i < 2; ++i) {
    struct qtap_sink_ops ops;
    qtap_config* config = abi_feed_config();
    qtap_session* s = NULL;
    int chunks = 0;

    memset(&ops, 0, sizeof ops);
    ops.size = sizes[i];
    ops.name = "bodies";
    ops.put_body = put_body;
    CHECK_STATUS(QTAP_OK, qtap_config_parse(config, full, sizeof full - 1));
    CHECK_STATUS(QTAP_OK, qtap_session_new(&s, config));
    qtap_config_free(config);
    CHECK_STATUS(QTAP_OK, qtap_session_add_sink(s, &ops, &chunks));
    CHECK_STATUS(QTAP_OK, qtap_session_start(s));
    CHECK_STATUS(QTAP_OK, abi_exchange(s));
    CHECK(chunks == (i == 0 ? 0 : 2)); /* the body, its end */
    qtap_session_free(s);
  }
}

static void sinks(void) {
  struct newer_sink ops;
  qtap_session* s = abi_feed_session();
  int closes = 0;

  memset(&ops, 0, sizeof ops);
  ops.known.put_event = put_event;
  ops.known.close = closed;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(s, &ops.known, &closes)); /* no size */
  ops.known.size = sizeof ops.known;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(s, &ops.known, &closes)); /* no name */
  ops.known.name = "";
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(s, &ops.known, &closes));
  ops.known.name = "mine";
  ops.known.size = sizeof ops;
  ops.later = later_call;
  CHECK_STATUS(QTAP_ERR_UNSUPPORTED, qtap_session_add_sink(s, &ops.known, &closes));
  ops.later = NULL;
  CHECK_STATUS(QTAP_OK, qtap_session_add_sink(s, &ops.known, &closes));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_session_add_sink(s, &ops.known, &closes)); /* name taken */
  CHECK(closes == 0); /* what was refused is still the caller's */
  qtap_session_free(s);
  CHECK(closes == 1);
}

static void rule_errors(void) {
  struct qtap_rule_error why;
  qtap_rule* rule = NULL;

  memset(&why, 0, sizeof why);
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_compile("==", 2, &rule, &why)); /* size forgotten */
  why.size = sizeof why;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_compile("==", 2, &rule, &why));
  CHECK(why.line == 1 && why.column == 1 && strlen(why.text) > 0);
  CHECK(rule == NULL);
}

int main(void) {
  callbacks();
  old_callbacks_stop_where_they_end();
  peers();
  stats();
  sinks();
  old_sinks_take_no_bodies();
  rule_errors();
  return failed_checks != 0;
}
