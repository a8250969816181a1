// SPDX-License-Identifier: Apache-2.0
// Rule text in, tokens out. The longest match wins; among equal lengths the earlier in TokenKind's
// table of the language definition (section 2) does.
#pragma once

#include "rulekit/token.h"

namespace qtap::rulekit {

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  // The next token. At the end of the text kEnd, at a byte that starts no token kError, for ever.
  Token next();

 private:
  void skip_blanks();

  std::string_view text_;
  size_t pos_ = 0;
};

}  // namespace qtap::rulekit
