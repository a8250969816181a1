// SPDX-License-Identifier: Apache-2.0
// qtap-mini s3: signs a request, or makes a link, with the credentials of the environment.
#pragma once

// `argv` begins with "s3". Returns the exit code of the program.
int s3(int argc, char** argv);
