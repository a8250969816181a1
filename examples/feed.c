/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libqtap without a kernel: give it the bytes of a conversation, get transactions back. Needs no
 * root. Usage: feed [RECORDING]; with a file name, what was fed is also recorded there: qtap-mini
 * --replay RECORDING.
 */
#include <qtap/qtap.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char request[] =
    "POST /orders?dry=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n"
    "Content-Length: 11\r\n\r\n{\"item\": 7}";
static const char response[] =
    "HTTP/1.1 201 Created\r\nTransfer-Encoding: "
    "chunked\r\n\r\n6\r\n{\"id\":\r\n2\r\n1}\r\n0\r\n\r\n";

static struct qtap_str text_field(const qtap_transaction* tx, const char* name) {
  struct qtap_value value = {0};
  struct qtap_str nothing = {"-", 1};

  return qtap_transaction_field(tx, name, &value) == 0 && value.type == QTAP_VALUE_STRING ? value.s
                                                                                          : nothing;
}

static long long int_field(const qtap_transaction* tx, const char* name) {
  struct qtap_value value = {0};

  if (qtap_transaction_field(tx, name, &value) < 0) return -1;
  return value.type == QTAP_VALUE_UINT64 ? (long long)value.u : (long long)value.i;
}

static int on_transaction(const qtap_transaction* tx, void* user) {
  int* count = user;
  struct qtap_str method = text_field(tx, "http.req.method");
  struct qtap_str url = text_field(tx, "http.req.url");
  struct qtap_str name, value, body;
  size_t i;

  ++*count;
  printf("%.*s %.*s -> %lld\n", (int)method.len, method.data, (int)url.len, url.data,
         int_field(tx, "http.res.status"));
  for (i = 0; qtap_transaction_header_at(tx, QTAP_REQUEST, i, &name, &value) == 0; ++i)
    printf("  %.*s: %.*s\n", (int)name.len, name.data, (int)value.len, value.data);
  if (qtap_transaction_body(tx, QTAP_RESPONSE, &body) == 0)
    printf("  answer: %.*s\n", (int)body.len, body.data);
  return 0;
}

/* Everything of the session; the caller frees it. */
static int feed(qtap_session* session) {
  const uint64_t ms = 1000000, start = UINT64_C(1772359200) * 1000 * ms; /* 2026-03-01 10:00 UTC */
  struct qtap_peer peer = {
      .size = sizeof peer, .pid = 4711, .role = QTAP_ROLE_CONNECTED, .is_tls = 1};
  uint64_t id;
  int status;

  peer.exe.data = "/usr/bin/shop";
  peer.exe.len = strlen(peer.exe.data);
  peer.family = AF_INET;
  peer.local_port = 40000;
  peer.remote_port = 443;
  memcpy(peer.local_ip, (const uint8_t[]){10, 0, 0, 1}, 4);
  memcpy(peer.remote_ip, (const uint8_t[]){192, 0, 2, 7}, 4);

  if ((status = qtap_session_start(session)) < 0) return status;
  if ((status = qtap_feed_open(session, &peer, start, &id)) < 0) return status;
  status = qtap_feed_data(session, id, QTAP_DIR_SENT, start + ms, request, sizeof request - 1);
  if (status < 0) return status;
  status = qtap_feed_data(session, id, QTAP_DIR_RECEIVED, start + 28 * ms, response,
                          sizeof response - 1);
  if (status < 0) return status;
  if ((status = qtap_feed_close(session, id, start + 30 * ms)) < 0) return status;
  return qtap_session_flush(session, -1);
}

int main(int argc, char** argv) {
  struct qtap_callbacks callbacks = {.size = sizeof callbacks, .on_transaction = on_transaction};
  qtap_config* config = NULL;
  qtap_session* session = NULL;
  int count = 0;
  int status = qtap_config_new(&config);

  if (status < 0) return 1;
  status = qtap_config_set(config, "capture.source", "feed");
  if (status == 0 && argc > 1) status = qtap_config_set(config, "capture.record_file", argv[1]);
  if (status == 0) status = qtap_session_new(&session, config);
  if (status < 0) fprintf(stderr, "feed: %s\n", qtap_config_error(config));
  qtap_config_free(config); /* the session has its own copy */
  if (status < 0) return 1;

  status = qtap_session_set_callbacks(session, &callbacks, &count);
  if (status == 0) status = feed(session);
  if (status < 0) fprintf(stderr, "feed: %s\n", qtap_session_error(session));
  qtap_session_free(session);
  return status < 0 || count != 1;
}
