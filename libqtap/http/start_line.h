// SPDX-License-Identifier: Apache-2.0
// What bytes prove: the beginning of an HTTP/1 request, of a response, or nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qtap::http {

enum class StartLine : uint8_t { kNeedMore, kRequest, kResponse, kNone };

// From the first bytes of a stream: a method of the IANA registry and a space (RFC 9110, 9;
// RFC 9112, 3), or "HTTP/1." (RFC 9112, 4). kNeedMore only while the bytes can still become one.
StartLine start_of(std::string_view bytes);

// A method that nobody has registered, as people write them: 3 to 24 letters A to Z and "-". Less
// than what RFC 9110, 9.1 allows, for where nothing but the look says that it is one.
bool looks_like_method(std::string_view word);
bool may_become_method(std::string_view bytes);  // with more bytes

// Where in a line (without its '\n') a start line begins that reaches to its end: method SP target
// SP HTTP/1.x, or HTTP/1.x SP three digits; npos: nowhere. Stricter than start_of: the whole line
// must fit. The rest of a body may stand before it, unless it ends in a space: that is a text about
// HTTP. `wanted` is kRequest or kResponse.
size_t find_start_line(std::string_view line, StartLine wanted);

// The method may be what a loss left of a longer one: "LOCK" of "UNLOCK", or any unknown one.
bool may_be_cut(std::string_view request_line);

}  // namespace qtap::http
