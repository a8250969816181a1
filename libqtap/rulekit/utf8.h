// SPDX-License-Identifier: Apache-2.0
// What the rule language does with UTF-8 beyond base/utf8.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qtap::rulekit {

// Precondition: `code_point` is a Unicode scalar value.
void append_utf8(uint32_t code_point, std::string* out);
// Copies `text`; every byte that is not part of a valid character becomes U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace qtap::rulekit
