// SPDX-License-Identifier: Apache-2.0
// Small texts for people and records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

// "2026-03-01T10:00:00.000000001Z" (RFC 3339) of nanoseconds since 1970 UTC.
std::string rfc3339(int64_t unix_ns);

// "512 B", "2.0 KB", "1.5 MB": powers of 1024.
std::string human_bytes(uint64_t bytes);

// "27 ms", "1.2 s", "350 µs".
std::string human_us(uint64_t us);

std::string lower(std::string_view text);                          // ASCII
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII

// The parts of "a, b,,c" without the blanks around them; empty ones are left out.
std::vector<std::string_view> split_words(std::string_view text);

// Whether "host" or "host:port" is this machine by its loopback: localhost, 127.0.0.0/8, [::1].
bool is_loopback(std::string_view host);

// The part behind the last slash.
std::string_view base_name(std::string_view path);

}  // namespace qtap
