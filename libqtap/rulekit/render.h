// SPDX-License-Identifier: Apache-2.0
// A tree in, rule text out: normal spelling, every condition in parentheses, parses back to the
// same rule.
#pragma once

#include <string>

#include "rulekit/evaluate.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

std::string render(const Tree& tree);
// What is left of a rule, as text that compiles with the library of the rule.
std::string render(const Residue& residue);
const char* op_text(Op op);

}  // namespace qtap::rulekit
