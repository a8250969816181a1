/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Your own storage: a sink gets every event and every object, from a worker thread of the session,
 * one call at a time, so it may block. This one appends objects to one file and answers "later"
 * once, to show that libqtap tries again. Usage: sink_plugin FILE. The bytes come from the program
 * itself (capture.source=feed), so it needs no root.
 */
#include <errno.h>
#include <qtap/qtap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
  FILE* file;
  int events;
  int objects;
  int refused;
};

static int put_event(void* user, const qtap_event* event) {
  struct store* store = user;
  struct qtap_str json;

  if (qtap_event_json(event, &json) < 0) return QTAP_ERR_INVALID;
  printf("event: %.*s\n", (int)json.len, json.data);
  ++store->events;
  return 0;
}

static int put_object(void* user, const qtap_object* object) {
  struct store* store = user;
  struct qtap_str bytes;

  if (!store->refused) { /* as if the storage were busy: libqtap waits and calls again */
    store->refused = 1;
    return QTAP_ERR_AGAIN;
  }
  if (qtap_object_data(object, &bytes) < 0) return QTAP_ERR_INVALID;
  if (fwrite(bytes.data, 1, bytes.len, store->file) != bytes.len || fputc('\n', store->file) == EOF)
    return QTAP_ERR_IO; /* dropped and counted in sink_dropped; the artifact_record says so */
  ++store->objects;
  return 0;
}

/* Where an object will be found: pure, and asked before the object is stored. */
static int locate(void* user, const qtap_object* object, char* buf, size_t cap) {
  struct qtap_value digest = {0};
  int len;

  (void)user;
  if (qtap_object_field(object, "object.digest", &digest) < 0) return -1;
  len = snprintf(buf, cap, "single-file:%.*s", (int)digest.s.len, digest.s.data);
  return len < 0 || (size_t)len >= cap ? -1 : len;
}

static int flush(void* user, int timeout_ms) {
  struct store* store = user;

  (void)timeout_ms; /* a local file does not wait */
  return fflush(store->file) == 0 ? 0 : QTAP_ERR_IO;
}

static void close_store(void* user) {
  struct store* store = user;

  printf("closed after %d events and %d objects\n", store->events, store->objects);
  fclose(store->file);
}

static const char yaml[] =
    "stacks:\n"
    "  main:\n"
    "    plugins:\n"
    "      - type: http_capture\n"
    "        config: { level: full }\n"
    "      - type: report_usage\n"
    "tap: { http: { stack: main } }\n"
    "capture: { source: feed }\n";

static int capture(qtap_session* session) {
  static const char request[] = "GET /hello HTTP/1.1\r\nHost: example.com\r\n\r\n";
  static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld";
  const uint64_t second = 1000000000, start = UINT64_C(1772359200) * second;
  struct qtap_peer peer = {.size = sizeof peer, .role = QTAP_ROLE_CONNECTED};
  uint64_t id;
  int status = qtap_session_start(session);

  if (status >= 0) status = qtap_feed_open(session, &peer, start, &id);
  if (status < 0) return status;
  status = qtap_feed_data(session, id, QTAP_DIR_SENT, start + 1, request, sizeof request - 1);
  if (status >= 0)
    status =
        qtap_feed_data(session, id, QTAP_DIR_RECEIVED, start + 2, response, sizeof response - 1);
  if (status >= 0) status = qtap_feed_close(session, id, start + second);
  return status < 0 ? status : qtap_session_flush(session, 10000);
}

int main(int argc, char** argv) {
  static struct store store; /* must outlive the session */
  struct qtap_sink_ops ops = {.size = sizeof ops,
                              .name = "single-file",
                              .put_event = put_event,
                              .put_object = put_object,
                              .locate = locate,
                              .flush = flush,
                              .close = close_store};
  qtap_config* config = NULL;
  qtap_session* session = NULL;
  int status;

  if (argc != 2) {
    fprintf(stderr, "usage: sink_plugin FILE\n");
    return 2;
  }
  store.file = fopen(argv[1], "ab");
  if (!store.file) {
    fprintf(stderr, "sink_plugin: open %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  status = qtap_config_new(&config);
  if (status == 0) status = qtap_config_parse(config, yaml, sizeof yaml - 1);
  if (status == 0) status = qtap_session_new(&session, config);
  if (status < 0)
    fprintf(stderr, "sink_plugin: %s\n", config ? qtap_config_error(config) : "out of memory");
  qtap_config_free(config);
  if (status < 0) return 1;

  status = qtap_session_add_sink(session, &ops, &store);
  if (status == 0) status = capture(session);
  if (status < 0) fprintf(stderr, "sink_plugin: %s\n", qtap_session_error(session));
  qtap_session_free(session);
  return status < 0 || store.objects != 1 || store.events == 0;
}
