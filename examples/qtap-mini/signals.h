// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM stop the session; a second one ends the program at once, with exit code 1.
#pragma once

#include <qtap/session.h>

void stop_on_signals(qtap_session* session);
bool signalled();
void forget_session();  // before it is freed
