// SPDX-License-Identifier: Apache-2.0
// What a line proves: the beginning of an HTTP/1 request, of a response, or nothing.
#pragma once

#include <cstdint>
#include <string_view>

namespace qtap::proto {

enum class StartLine : uint8_t { kNeedMore, kRequest, kResponse, kNone };

// From the first bytes of a stream: a method of the IANA registry and a space (RFC 9110, 9; RFC 9112, 3), or "HTTP/1."
// (RFC 9112, 4). kNeedMore only while the bytes can still become one.
StartLine start_of(std::string_view bytes);

// A whole line without its line end: method SP target SP HTTP/1.x, or HTTP/1.x SP three digits. Stricter than start_of: to
// find the way back into a stream, the whole line must fit.
StartLine whole_start_line(std::string_view line);

}  // namespace qtap::proto
