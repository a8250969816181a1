// SPDX-License-Identifier: Apache-2.0
// What the sinks that write files have in common.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace qtap::sink {

Error io_error(const std::string& what, int error);

// Makes a directory and those above it; mode 0700, since what goes there is sensitive.
Status make_dirs(const std::string& path);

// Closes as well. The disk may find only then that it is full.
Status write_whole(UniqueFd fd, const std::string& path, std::string_view data);

}  // namespace qtap::sink
