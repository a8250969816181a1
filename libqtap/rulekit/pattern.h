// SPDX-License-Identifier: Apache-2.0
// A compiled regex: RE2 with the dialect and limits of the language.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rulekit/literal_pattern.h"

namespace re2 {
class RE2;
}

namespace qtap::rulekit {

inline constexpr size_t kMaxRegexText = 4096;  // spec/rule-fields.md section 2, limits
inline constexpr size_t kMaxRegexProgram = size_t{1} << 20;  // the same

class Pattern {
 public:
  static Result<std::unique_ptr<const Pattern>> create(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // True when the pattern is found anywhere in `subject`. An invalid UTF-8 byte counts as one
  // U+FFFD. Any thread. Where it finds something else than Go's regexp: \B is also found inside of
  // a character of several bytes.
  bool found_in(std::string_view subject) const;
  // The same by RE2 alone, for tests: found_in() decides literals itself.
  bool found_by_re2(std::string_view subject) const;
  // Not null when the regex is nothing but these texts.
  const LiteralChoices* literals() const { return literals_ ? &*literals_ : nullptr; }
  const std::string& text() const { return text_; }
  size_t program_bytes() const;

 private:
  Pattern(std::string_view text, std::unique_ptr<re2::RE2> compiled);

  std::string text_;
  std::unique_ptr<re2::RE2> compiled_;
  std::optional<LiteralChoices> literals_;
};

}  // namespace qtap::rulekit
