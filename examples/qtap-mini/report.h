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
// How much of the TLS traffic was read: "TLS: decrypted N of M bytes (P %)".
void say_tls_share(const qtap_stats& stats);
void say_ledger(qtap_session* session);
