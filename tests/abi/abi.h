/* SPDX-License-Identifier: Apache-2.0 */
/* What the boundary tests share: a check that goes on, and a fed session with one exchange. */
#ifndef QTAP_TESTS_ABI_H
#define QTAP_TESTS_ABI_H

#include <qtap/qtap.h>
#include <stdio.h>
#include <string.h>

static int failed_checks;

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(expected, call) check_status((expected), (call), #call, __FILE__, __LINE__)

static inline int check(int ok, const char* what, const char* file, int line) {
  if (!ok) {
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    ++failed_checks;
  }
  return ok;
}

static inline int check_status(int expected, int got, const char* what, const char* file,
                               int line) {
  if (expected == got) return 1;
  fprintf(stderr, "%s:%d: failed: %s: expected %s, got %s (%d)\n", file, line, what,
          qtap_status_name(expected), qtap_status_name(got), got);
  ++failed_checks;
  return 0;
}

/* Does an error text start with a message id, "QT042: "? */
static inline int abi_has_id(const char* text) {
  unsigned id = 0;
  int len = 0;

  return sscanf(text, "QT%3u: %n", &id, &len) == 1 && len == 7;
}

/* 2026-03-01 10:00 UTC and a millisecond, in nanoseconds. */
#define ABI_START (UINT64_C(1772359200) * 1000000000)
#define ABI_MS UINT64_C(1000000)

static const char abi_request[] = "GET /hello HTTP/1.1\r\nHost: shop.example\r\n\r\n";
static const char abi_response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/* A configuration for capture.source=feed whose sinks run inline; NULL when that fails. */
static inline qtap_config* abi_feed_config(void) {
  qtap_config* config = NULL;

  if (qtap_config_new(&config) < 0) return NULL;
  if (qtap_config_set(config, "capture.source", "feed") == 0 &&
      qtap_config_set(config, "worker.threads", "0") == 0)
    return config;
  fprintf(stderr, "configure a feed: %s\n", qtap_config_error(config));
  qtap_config_free(config);
  return NULL;
}

/* A session that is not started yet. */
static inline qtap_session* abi_feed_session(void) {
  qtap_config* config = abi_feed_config();
  qtap_session* session = NULL;

  if (config && qtap_session_new(&session, config) < 0)
    fprintf(stderr, "new: %s\n", qtap_config_error(config));
  qtap_config_free(config);
  CHECK(session != NULL);
  return session;
}

static inline int abi_open(qtap_session* session, uint64_t* ret_id) {
  struct qtap_peer peer;

  memset(&peer, 0, sizeof peer);
  peer.size = sizeof peer;
  peer.pid = 4711;
  peer.role = QTAP_ROLE_CONNECTED;
  peer.is_tls = 1;
  return qtap_feed_open(session, &peer, ABI_START, ret_id);
}

/* A request and its response on a connection of their own; the first failure. */
static inline int abi_exchange(qtap_session* session) {
  uint64_t id = 0;
  int status = abi_open(session, &id);

  if (status < 0) return status;
  status = qtap_feed_data(session, id, QTAP_DIR_SENT, ABI_START + ABI_MS, abi_request,
                          sizeof abi_request - 1);
  if (status < 0) return status;
  status = qtap_feed_data(session, id, QTAP_DIR_RECEIVED, ABI_START + 2 * ABI_MS, abi_response,
                          sizeof abi_response - 1);
  if (status < 0) return status;
  return qtap_feed_close(session, id, ABI_START + 3 * ABI_MS);
}

#endif
