// SPDX-License-Identifier: Apache-2.0
// Programs that tell credentials.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "s3/secret.h"

namespace qtap::s3 {

// Runs argv[0], found by PATH, without a shell; returns what it writes to standard output when it
// ends with 0. Its standard input is empty, its standard error goes nowhere, since it may tell
// secrets. After `timeout_ns`, or more than 64 KiB, it and its children are killed.
Result<Secret> run_program(std::span<const std::string> argv, int64_t timeout_ns);

// The words of a command line as a shell reads them, quotes and backslashes, but nothing else of a
// shell: no variables, no pipes. Error: a quote that does not end.
Result<std::vector<std::string>> split_command(std::string_view line);

}  // namespace qtap::s3
