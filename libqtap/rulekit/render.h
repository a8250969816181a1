// SPDX-License-Identifier: Apache-2.0
// A tree in, rule text out: normal spelling, every condition in parentheses, parses back to the
// same rule.
#pragma once

#include <cstdint>
#include <string>

#include "rulekit/evaluate.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

// How `not (a == b)` is written.
enum class NotEqual : uint8_t {
  kExact,  // as it is
  kShort,  // `a != b`, as the existing engine has it (surprise S15): read back it is another rule,
           // of lists and of types that do not go together. To compare texts, not to compile.
};

std::string render(const Tree& tree, NotEqual not_equal = NotEqual::kExact);
// What is left of a rule, as text that compiles with the library of the rule.
std::string render(const Residue& residue, NotEqual not_equal = NotEqual::kExact);
const char* op_text(Op op);

}  // namespace qtap::rulekit
