// SPDX-License-Identifier: Apache-2.0
// Rule text and a position in, the line and a caret under the position out, for terminals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qtap::rulekit {

// Two lines, each indented by two spaces and ended by a line feed. Of a long line what is around
// the column. Empty when the text has no such line. `column` is in bytes, as errors have it.
std::string excerpt(std::string_view text, uint32_t line, uint32_t column);

}  // namespace qtap::rulekit
