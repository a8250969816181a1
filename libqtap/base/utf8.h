// SPDX-License-Identifier: Apache-2.0
// UTF-8 (RFC 3629): well-formedness, and what to do with bytes that are not.
#pragma once

#include <string>
#include <string_view>

namespace qtap {

// Length of the well-formed sequence at the start of `text` (1 to 4), 0 when there is none.
size_t utf8_sequence(std::string_view text);

bool is_utf8(std::string_view text);

// At most `max_bytes` of `text`, without a character that is cut.
std::string_view utf8_prefix(std::string_view text, size_t max_bytes);

// Is this sequence a C1 control, U+0080 to U+009F (ECMA-48, 5.3)? They drive terminals as C0 does.
bool is_c1_control(std::string_view sequence);

// Writes a byte of 0x80 or more, read as ISO 8859-1, as UTF-8: two bytes. Returns their end.
char* put_latin1(char* at, unsigned char c);
void append_latin1(std::string& out, unsigned char c);

}  // namespace qtap
