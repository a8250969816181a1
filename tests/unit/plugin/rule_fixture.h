// SPDX-License-Identifier: Apache-2.0
// Lists of rules from their texts.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "plugin/rule_list.h"

namespace qtap::test {

inline RuleText rule_text(std::string expr, std::string name = {}) {
  return {.name = std::move(name), .expr = std::move(expr), .key = "rules[0]", .place = {}};
}

inline plugin::RuleList rule_list(const std::vector<std::string>& rules,
                                  const std::vector<RuleText>& macros = {}) {
  auto book = plugin::RuleBook::create(macros);
  REQUIRE(book.ok());
  std::vector<std::unique_ptr<const rulekit::Rule>> compiled;
  for (const std::string& rule : rules) {
    auto made = (*book)->compile(rule_text(rule));
    CAPTURE(rule);
    REQUIRE(made.ok());
    compiled.push_back(*std::move(made));
  }
  return {*std::move(book), std::move(compiled)};
}

}  // namespace qtap::test
