// SPDX-License-Identifier: Apache-2.0
// What qtap-mini says on stderr: log lines, what is attached, the ledger at the end.
#pragma once

#include <qtap/session.h>

#include <string>
#include <string_view>

// Texts name files and programs, whose names anybody chooses: what would drive the terminal (C0,
// DEL and C1 of ECMA-48, 5.2 and 5.3) is escaped, as a character of UTF-8 and as a byte of its own.
std::string printable(std::string_view text);

void say_line(const std::string& text);
// Writes "qtap-mini: error: ..." in one piece; several lines become several such lines.
void say_error(const char* text);
void say_warning(const char* text);

// A qtap_log_fn; `user` is the least severe level to print (int*).
void log_line(int level, const char* message, void* user);

void say_ready(qtap_session* session);
void say_ledger(qtap_session* session);

// How much of the TLS traffic was read: "decrypted N of M bytes (P %)".
std::string tls_share(const qtap_stats& stats);
