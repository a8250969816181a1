/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libqtap inside an event loop of your own: its descriptor sits in your epoll set next to the
 * others (here: signals and a timer), and nothing ever blocks. Usage: embed_epoll [RECORDING];
 * without a recording it captures, which needs root.
 */
#include <qtap/qtap.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const char yaml[] =
    "stacks: { main: { plugins: [{ type: report_usage }] } }\n"
    "tap: { http: { stack: main } }\n";

static int on_event(const qtap_event* event, void* user) {
  struct qtap_str json;

  (void)user;
  if (qtap_event_json(event, &json) == 0) printf("%.*s\n", (int)json.len, json.data);
  return 0;
}

static int watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN};

  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int stop_signals(void) {
  sigset_t signals;

  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

static int every_10_seconds(void) {
  struct itimerspec period = {.it_interval = {.tv_sec = 10}, .it_value = {.tv_sec = 10}};
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

  if (fd >= 0) timerfd_settime(fd, 0, &period, NULL);
  return fd;
}

static void print_counters(qtap_session* session) {
  struct qtap_stats stats = {.size = sizeof stats};

  if (qtap_session_stats(session, &stats) == 0)
    fprintf(stderr, "%llu transactions, %llu bytes lost\n", (unsigned long long)stats.transactions,
            (unsigned long long)stats.bytes_lost);
}

/* 0, or the first error of the session. */
static int loop(qtap_session* session, int epoll, int signals, int timer) {
  int status = 0;

  while (status >= 0 && !qtap_session_done(session)) {
    struct epoll_event event;
    uint64_t ticks;

    if (epoll_wait(epoll, &event, 1, -1) != 1) continue;
    if (event.data.fd == signals) {
      struct signalfd_siginfo info;
      if (read(signals, &info, sizeof info) == (ssize_t)sizeof info) qtap_session_stop(session);
    } else if (event.data.fd == timer) {
      if (read(timer, &ticks, sizeof ticks) == (ssize_t)sizeof ticks) print_counters(session);
    } else {
      status = qtap_session_poll(session, 0);
    }
  }
  return status < 0 ? status : 0;
}

static qtap_session* make_session(const char* recording) {
  qtap_config* config = NULL;
  qtap_session* session = NULL;
  int status;

  if (qtap_config_new(&config) < 0) return NULL;
  status = qtap_config_parse(config, yaml, sizeof yaml - 1);
  if (status == 0 && recording) status = qtap_config_set(config, "capture.source", "replay");
  if (status == 0 && recording) status = qtap_config_set(config, "capture.replay_file", recording);
  if (status == 0) status = qtap_session_new(&session, config);
  if (status < 0) fprintf(stderr, "embed_epoll: %s\n", qtap_config_error(config));
  qtap_config_free(config);
  return session;
}

int main(int argc, char** argv) {
  struct qtap_callbacks callbacks = {.size = sizeof callbacks, .on_event = on_event};
  qtap_session* session = make_session(argc > 1 ? argv[1] : NULL);
  int epoll = epoll_create1(EPOLL_CLOEXEC), signals = stop_signals(), timer = every_10_seconds();
  int status;

  setvbuf(stdout, NULL, _IOLBF, 0); /* line by line, also into a pipe */
  if (!session || epoll < 0 || watch(epoll, signals) < 0 || watch(epoll, timer) < 0) return 1;
  status = qtap_session_set_callbacks(session, &callbacks, NULL);
  if (status == 0)
    status = qtap_session_start(session); /* QTAP_WARN_PARTIAL is positive: it runs */
  if (status >= 0 && watch(epoll, qtap_session_fd(session)) < 0) status = QTAP_ERR_IO;
  if (status >= 0) fprintf(stderr, "watching\n");
  if (status >= 0) status = loop(session, epoll, signals, timer);
  if (status < 0) fprintf(stderr, "embed_epoll: %s\n", qtap_session_error(session));
  print_counters(session);
  qtap_session_free(session);
  close(timer);
  close(signals);
  close(epoll);
  return status < 0;
}
