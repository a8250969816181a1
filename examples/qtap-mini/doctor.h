// SPDX-License-Identifier: Apache-2.0
// qtap-mini doctor: watches for some seconds and says which TLS is read, and why not the rest.
#pragma once

// `argv` begins with "doctor". Returns the exit code of the program.
int doctor(int argc, char** argv);
