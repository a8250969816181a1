// SPDX-License-Identifier: Apache-2.0
// What llhttp refuses, in words that do not change with its version.
#pragma once

#include <llhttp.h>

namespace qtap::http {

const char* h1_error_text(llhttp_errno_t error);  // "invalid header field"; lives forever

}  // namespace qtap::http
