// SPDX-License-Identifier: Apache-2.0
#include "rulekit/slip.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"

namespace qtap::rulekit {

namespace {

struct Slip {
  std::string_view written;
  std::string_view meant;
};

// Operators of other languages, and of people in a hurry.
constexpr Slip kWords[] = {
    {"equals", "=="},
    {"is", "=="},
    {"like", "matches"},
    {"regex", "matches"},
    {"regexp", "matches"},
    {"has", "contains"},
    {"includes", "contains"},
    {"startswith", "starts_with(text, prefix)"},
    {"starts_with", "starts_with(text, prefix)"},
};
constexpr Slip kSymbols[] = {
    {"=<", "<="}, {"=>", ">="}, {"<>", "!="}, {"~=", "=~"}, {"!~", "not matches"}, {"===", "=="},
};

std::string asked(std::string_view meant) {
  return "; did you mean \"" + std::string(meant) + "\"?";
}

}  // namespace

std::string suggest_operator(std::string_view text, const Token& previous, const Token& found) {
  if (found.kind == TokenKind::kFunction || found.kind == TokenKind::kField) {
    const auto slip = std::find_if(std::begin(kWords), std::end(kWords), [&](const Slip& word) {
      return equal_ignoring_case(word.written, found.text);
    });
    if (slip != std::end(kWords)) return asked(slip->meant);
    return did_you_mean(found.text, {"contains", "matches", "in", "and", "or", "not"});
  }
  // A symbol may have been read halfway: "<" and then ">".
  const bool touches = previous.offset + previous.text.size() == found.offset;
  for (const size_t start : {touches ? previous.offset : found.offset, found.offset}) {
    for (const Slip& symbol : kSymbols) {
      if (text.substr(start).starts_with(symbol.written)) return asked(symbol.meant);
    }
  }
  return {};
}

}  // namespace qtap::rulekit
