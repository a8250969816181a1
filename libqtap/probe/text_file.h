// SPDX-License-Identifier: Apache-2.0
// Small files of /proc, /sys and /etc, whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qtap::probe {

// The content, cut after max_bytes; nullopt: it cannot be read (errno is kept).
std::optional<std::string> read_text_file(const std::string& path, size_t max_bytes);

// Where a symbolic link points to; empty: unknown.
std::string read_link(const std::string& path);

// Cuts the next line off `text`, without its newline; false at the end.
bool next_line(std::string_view& text, std::string_view& line);

// Cuts the next field off `text` at any of " \t"; empty at the end.
std::string_view next_word(std::string_view& text);

// All of `text` must be digits of that base and fit.
std::optional<uint64_t> parse_number(std::string_view text, int base = 10);

}  // namespace qtap::probe
