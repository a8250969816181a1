// SPDX-License-Identifier: Apache-2.0
// What is wrong with a rule, and where: the first error and the warnings, as the caller gets them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rulekit/rule.h"
#include "rulekit/token.h"

namespace qtap::rulekit {

class Diagnosis {
 public:
  // Borrows the text of the rule.
  explicit Diagnosis(std::string_view text) : text_(text) {}

  // Always false, so that a function that fails can return it.
  bool fail(const Token& at, int status, std::string_view what);
  void warn(size_t offset, std::string_view what);

  const CompileError& error() const { return error_; }
  std::vector<Warning> warnings() const;  // in the order of the text

 private:
  std::string_view text_;
  CompileError error_;
  std::vector<Warning> warnings_;
};

}  // namespace qtap::rulekit
