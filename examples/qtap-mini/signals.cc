// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <unistd.h>

#include <csignal>

namespace {

// A signal handler can reach nothing but statics.
qtap_session* volatile g_session = nullptr;
volatile sig_atomic_t g_signals = 0;

void on_signal(int) {
  if (g_signals != 0) _exit(1);
  g_signals = 1;
  if (g_session) qtap_session_stop(g_session);
}

}  // namespace

void stop_on_signals(qtap_session* session) {
  g_session = session;
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action,
            nullptr);  // a closed stdout is an error of the write, and counted
}

bool signalled() {
  return g_signals != 0;
}

void forget_session() {
  g_session = nullptr;
}
