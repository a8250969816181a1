// SPDX-License-Identifier: Apache-2.0
// What stands behind the handles of qtap/rulekit.h, and what its parts share.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <qtap/rulekit.h>

#include "rulekit/library.h"
#include "rulekit/rule.h"

namespace qtap::capi {

struct RuleNames;  // capi/rule_library.cc

inline qtap_str str_of(std::string_view text) {
  return {text.data(), text.size()};
}

// Writes an error that is told with its text; NULL is fine. What does not fit is cut.
void set_rule_error(uint32_t line, uint32_t column, std::string_view text, qtap_rule_error* reterr);

// 0, or the status for a struct that cannot be filled.
int check_rule_error(const qtap_rule_error* reterr);

// The library of the names, and the options that rules are compiled with; null: none.
const rulekit::Library* library_of(const RuleNames* names);
rulekit::CompileOptions options_of(const RuleNames* names);

// The callback of the caller, which knows names and public values only.
struct Host {
  qtap_lookup_fn lookup;
  void* user;
};
rulekit::FieldSource source_of(const Host& host);

// enum qtap_rule_outcome
int outcome_of(const rulekit::Outcome& outcome);

}  // namespace qtap::capi

struct qtap_rule_library {
  std::shared_ptr<const qtap::capi::RuleNames> names;
};

struct qtap_rule {
  std::shared_ptr<const qtap::capi::RuleNames> names;  // outlives the rule, which borrows from it
  std::shared_ptr<const qtap::rulekit::Rule> rule;     // shared with sets
  std::vector<qtap::rulekit::Warning> warnings;
  std::string text;
};
