// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qtap::rulekit {

// Bytes of the character at the front of `text` (1-4), 0 when it does not start with a valid one.
size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);
// Precondition: `code_point` is a Unicode scalar value.
void append_utf8(uint32_t code_point, std::string* out);
// Copies `text`; every byte that is not part of a valid character becomes U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace qtap::rulekit
