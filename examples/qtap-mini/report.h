// SPDX-License-Identifier: Apache-2.0
// What qtap-mini says on stderr: log lines, what is attached, the ledger at the end.
#pragma once

#include <qtap/session.h>

// Writes "qtap-mini: error: ..." in one piece; several lines become several such lines.
void say_error(const char* text);
void say_warning(const char* text);

// A qtap_log_fn; `user` is the least severe level to print (int*).
void log_line(int level, const char* message, void* user);

void say_ready(qtap_session* session);
void say_ledger(qtap_session* session);
