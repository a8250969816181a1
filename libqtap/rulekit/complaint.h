// SPDX-License-Identifier: Apache-2.0
// Syntax errors in words: what was expected, after what, and what stands there.
#pragma once

#include <string>
#include <string_view>

#include "rulekit/token.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

// `expected a value after "=="`, and what was found unless the text just ends; with a hint where a
// byte is a known slip (a single '=', a typographic quote). `operator_fits`: an operator could
// stand there, so that a name may be a misspelt one.
std::string complain(std::string_view text, std::string_view wanted, const Token& previous,
                     const Token& found, bool operator_fits);

// `line 1, column 18: ...`
std::string with_position(const Position& position, std::string_view what);

// `text` in double quotes (a string literal has its own) on one line: control characters and bytes
// that are not UTF-8 as \xHH, at most 40 bytes of it.
std::string quoted(std::string_view text);

}  // namespace qtap::rulekit
