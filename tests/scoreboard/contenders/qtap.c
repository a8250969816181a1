/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libqtap as a contender: the public C interface only. Hashes what on_data delivers, per connection
 * and direction, and prints one `stream` line each when the connection closes (see ../README.md).
 *
 * Usage: scoreboard_qtap [--set KEY=VALUE]... [--pause-ms N]
 * --pause-ms: does not read the ring for so long after it said `ready`, as a reader without CPU.
 */
#include <openssl/evp.h>
#include <poll.h>
#include <qtap/qtap.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream_table.h"

static qtap_session* session;

static void on_signal(int number) {
  (void)number;
  qtap_session_stop(session);
}

static const char* text_field(const qtap_connection* conn, const char* name, char* out,
                              size_t size) {
  struct qtap_value value;

  if (qtap_connection_field(conn, name, &value) < 0 || value.type != QTAP_VALUE_STRING) return NULL;
  snprintf(out, size, "%.*s", (int)value.s.len, value.s.data);
  return out;
}

static uint64_t number_field(const qtap_connection* conn, const char* name) {
  struct qtap_value value;

  if (qtap_connection_field(conn, name, &value) < 0) return 0;
  return value.type == QTAP_VALUE_UINT64 ? value.u : (uint64_t)value.i;
}

/* "127.0.0.1:443", or NULL while it is not known. Only IPv4: the oracles use nothing else. */
static const char* address(const qtap_connection* conn, const char* ip, const char* port, char* out,
                           size_t size) {
  struct qtap_value value;

  if (qtap_connection_field(conn, ip, &value) < 0 || value.type != QTAP_VALUE_IP) return NULL;
  snprintf(out, size, "%u.%u.%u.%u:%llu", value.ip[12], value.ip[13], value.ip[14], value.ip[15],
           (unsigned long long)number_field(conn, port));
  return out;
}

static void print_stream(const qtap_connection* conn, const struct stream* stream, int dir) {
  struct qtap_value late = {0};
  char local[32], remote[32], state[32];
  const char* undecrypted = text_field(conn, "tls.state", state, sizeof state);

  printf("{\"ev\":\"stream\",\"dir\":\"%s\",\"pid\":%llu", dir ? "received" : "sent",
         (unsigned long long)number_field(conn, "src.process.pid"));
  if (address(conn, "src.ip", "src.port", local, sizeof local)) printf(",\"local\":\"%s\"", local);
  if (address(conn, "dst.ip", "dst.port", remote, sizeof remote))
    printf(",\"remote\":\"%s\"", remote);
  if (qtap_connection_field(conn, "connection.joined_late", &late) == 0 && late.i)
    fputs(",\"late\":true", stdout);
  if (undecrypted && strcmp(undecrypted, "decrypted"))
    printf(",\"undecrypted\":\"%s\"", undecrypted);
  stream_print_rest(stream);
  puts("}");
}

static int on_connection(const qtap_connection* conn, int phase, void* user) {
  char id[64];
  struct pair* pair;
  static struct pair never;

  (void)user;
  if (phase != QTAP_CONN_CLOSE || !text_field(conn, "connection.id", id, sizeof id)) return 0;
  pair = pair_find(id);
  for (int dir = 0; dir < 2; ++dir) print_stream(conn, &(pair ? pair : &never)->stream[dir], dir);
  if (pair) pair_remove(pair);
  return 0;
}

static int on_data(const qtap_connection* conn, const struct qtap_data* data, void* user) {
  char id[64];
  struct stream* stream;

  (void)user;
  if (!data->is_tls || !text_field(conn, "connection.id", id, sizeof id)) return 0;
  stream = &pair_get(id)->stream[data->direction & 1];
  stream_lost(stream, data->lost_before);
  stream_add(stream, data->offset, data->bytes, data->len);
  return 0;
}

/* What belongs to no known stream is in these counters only. */
static void print_losses(void) {
  struct qtap_stats stats = {.size = sizeof stats};

  if (qtap_session_stats(session, &stats) < 0) return;
  printf(
      "{\"ev\":\"lost\",\"count\":%llu,\"ring_full\":%llu,\"fault\":%llu,\"map_full\":%llu,"
      "\"other\":%llu,\"corrupt\":%llu,\"untracked\":%llu,\"bytes_seen\":%llu,"
      "\"bytes_delivered\":%llu,\"bytes_lost\":%llu}\n",
      (unsigned long long)(stats.lost_ring_full + stats.lost_fault + stats.lost_map_full +
                           stats.lost_other + stats.records_corrupt + stats.connections_untracked),
      (unsigned long long)stats.lost_ring_full, (unsigned long long)stats.lost_fault,
      (unsigned long long)stats.lost_map_full, (unsigned long long)stats.lost_other,
      (unsigned long long)stats.records_corrupt, (unsigned long long)stats.connections_untracked,
      (unsigned long long)stats.bytes_seen, (unsigned long long)stats.bytes_delivered,
      (unsigned long long)stats.bytes_lost);
}

static int configure(qtap_config* config, int argc, char** argv, int* pause_ms) {
  for (int i = 1; i + 1 < argc; i += 2) {
    char* value = strchr(argv[i + 1], '=');
    if (!strcmp(argv[i], "--pause-ms")) {
      *pause_ms = atoi(argv[i + 1]);
    } else if (!strcmp(argv[i], "--set") && value) {
      *value++ = '\0';
      if (qtap_config_set(config, argv[i + 1], value) < 0) return -1;
    } else {
      return -1;
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  struct qtap_callbacks callbacks = {
      .size = sizeof callbacks, .on_connection = on_connection, .on_data = on_data};
  qtap_config* config;
  int pause_ms = 0, status;

  if (qtap_config_new(&config) < 0) return 1;
  if (configure(config, argc, argv, &pause_ms) < 0 || qtap_session_new(&session, config) < 0) {
    fprintf(stderr, "scoreboard_qtap: %s\n", qtap_config_error(config));
    return 1;
  }
  if (qtap_session_set_callbacks(session, &callbacks, NULL) < 0 ||
      qtap_session_start(session) < 0) {
    fprintf(stderr, "scoreboard_qtap: %s\n", qtap_session_error(session));
    return 1;
  }
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  puts("{\"ev\":\"ready\"}");
  fflush(stdout);
  /* The point is not to wait for anything: the ring overflows meanwhile. */
  if (pause_ms > 0) poll(NULL, 0, pause_ms);
  status = qtap_session_run(session);
  if (status < 0) fprintf(stderr, "scoreboard_qtap: %s\n", qtap_session_error(session));
  print_losses();
  puts("{\"ev\":\"done\"}");
  qtap_session_free(session);
  qtap_config_free(config);
  return status < 0;
}
