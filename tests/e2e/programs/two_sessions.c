/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two live sessions in one process, one for egress and one for ingress, each with callbacks and a
 * user pointer of its own. Usage: two_sessions; prints "ready", then one line "<session>
 * <direction> <path>" per transaction, until stdin ends.
 */
#include <poll.h>
#include <qtap/qtap.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct end {
  const char* name;
  qtap_session* session;
};

static int on_transaction(const qtap_transaction* tx, void* user) {
  const struct end* end = user;
  struct qtap_value direction = {0}, path = {0};

  if (qtap_transaction_field(tx, "direction", &direction) < 0) return -1;
  if (qtap_transaction_field(tx, "http.req.path", &path) < 0) return -1;
  printf("%s %.*s %.*s\n", end->name, (int)direction.s.len, direction.s.data, (int)path.s.len,
         path.s.data);
  fflush(stdout);
  return 0;
}

static int start(struct end* end, const char* direction) {
  struct qtap_callbacks callbacks = {.size = sizeof callbacks, .on_transaction = on_transaction};
  qtap_config* config = NULL;
  int status;

  if (qtap_config_new(&config) < 0) return -1;
  status = qtap_config_set(config, "tap.direction", direction);
  if (status == 0) status = qtap_session_new(&end->session, config);
  qtap_config_free(config);
  if (status == 0) status = qtap_session_set_callbacks(end->session, &callbacks, end);
  if (status == 0) status = qtap_session_start(end->session);
  if (status < 0 && end->session)
    fprintf(stderr, "%s: %s\n", end->name, qtap_session_error(end->session));
  return status < 0 ? status : 0;
}

static int drain(struct end* end) {
  qtap_session_stop(end->session);
  while (!qtap_session_done(end->session)) {
    int status = qtap_session_poll(end->session, 0);
    if (status < 0) return status;
  }
  return 0;
}

int main(void) {
  struct end egress = {.name = "first"}, ingress = {.name = "second"};
  int status = 0;

  if (start(&egress, "egress") < 0 || start(&ingress, "ingress") < 0) return 1;
  printf("ready\n");
  fflush(stdout);
  while (status >= 0) {
    struct pollfd fds[3] = {{.fd = qtap_session_fd(egress.session), .events = POLLIN},
                            {.fd = qtap_session_fd(ingress.session), .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};
    if (poll(fds, 3, -1) < 0) return 1;
    if (fds[2].revents) break;
    if (fds[0].revents) status = qtap_session_poll(egress.session, 0);
    if (status >= 0 && fds[1].revents) status = qtap_session_poll(ingress.session, 0);
  }
  if (status >= 0) status = drain(&egress);
  /* The other one goes on without its neighbour. */
  qtap_session_free(egress.session);
  if (status >= 0) status = drain(&ingress);
  qtap_session_free(ingress.session);
  return status < 0;
}
