// SPDX-License-Identifier: Apache-2.0
// A tree in, rule text out: normal spelling, every condition in parentheses, parses back to the
// same rule.
#pragma once

#include <string>

#include "rulekit/tree.h"

namespace qtap::rulekit {

std::string render(const Tree& tree);
const char* op_text(Op op);

}  // namespace qtap::rulekit
