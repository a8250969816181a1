// SPDX-License-Identifier: Apache-2.0
// Regexes that are only literal text, alternatives and anchors (`^/api/`, `\.example\.com$`,
// `^(api|www)\.example$`): decided by comparing bytes, without RE2, with exactly its answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::rulekit {

// One text of which finding it is finding the regex.
struct LiteralChoice {
  std::string text;
  bool at_begin = false;  // only at the start of the subject
  bool at_end = false;    // only at its end
};

using LiteralChoices = std::vector<LiteralChoice>;

// The choices that `regex` (one that compiles) comes to; nothing when it needs more than literals.
std::optional<LiteralChoices> literal_choices(std::string_view regex);

// Also right for a subject that is not valid UTF-8, whose invalid bytes RE2 is given as U+FFFD: a
// valid text without U+FFFD begins with a first byte of a character, so that it is found in the
// bytes where, and only where, it is found in the characters.
bool found_in(const LiteralChoices& choices, std::string_view subject);

}  // namespace qtap::rulekit
