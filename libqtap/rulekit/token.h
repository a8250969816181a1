// SPDX-License-Identifier: Apache-2.0
// The words of a rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace qtap::rulekit {

enum class TokenKind : uint8_t {
  kEnd,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kNot,
  kAnd,
  kOr,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kContains,
  kMatches,
  kIn,
  kInt,
  kFloat,
  kBool,
  kString,
  kIp,
  kCidr,
  kHex,
  kRegex,
  kFunction,  // a name without '.' and '-': a field, or a function when '(' follows
  kField,     // a name with '.' or '-'
  kError,     // a byte that starts no token; the lexer stays there
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;      // of its first byte in the rule text
  std::string_view text;  // as written; empty for kEnd
};

}  // namespace qtap::rulekit
