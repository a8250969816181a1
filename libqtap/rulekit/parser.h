// SPDX-License-Identifier: Apache-2.0
// Rule text in, tree out, or the first error with its position (sections 3 and 10 of the language).
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "rulekit/rule.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

struct ParseResult {
  std::unique_ptr<const Tree> tree;  // null: `error` says why
  CompileError error;
  std::vector<Warning> warnings;
};

ParseResult parse(std::string_view text, const CompileOptions& options);

}  // namespace qtap::rulekit
