// SPDX-License-Identifier: Apache-2.0
// Token text in, literal value out (sections 2.1 and 4 of the language).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rulekit/pattern.h"
#include "rulekit/token.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

// Owns what its value borrows: it must not move once the value is set.
struct Literal {
  std::string raw;    // as written
  std::string bytes;  // decoded string, hex or MAC
  HexText hex;
  std::unique_ptr<const Pattern> pattern;
  Value value;
};

// Sets `ret` from a literal token (kInt .. kRegex). The error text is for people, without position.
Status decode_literal(const Token& token, Literal* ret);

}  // namespace qtap::rulekit
