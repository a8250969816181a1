// SPDX-License-Identifier: Apache-2.0
// qtap-mini rules: checks a file of rules, or evaluates one rule over fields of the command line.
#pragma once

#include <qtap/qtap.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// `argv` begins with "rules". Returns the exit code of the program.
int rules(int argc, char** argv);

namespace rules_command {

// Exit codes, those of grep in the first two.
constexpr int kTrue = 0;
constexpr int kFalse = 1;
constexpr int kWrong = 2;  // usage, or a rule that does not compile
constexpr int kUndecided = 3;

using NamedText = std::pair<std::string, std::string>;

// The names that rules may use: these macros, and the fields of a transaction (others are errors)
// unless `any_field`.
qtap::Status make_library(std::span<const NamedText> macros, bool any_field,
                          qtap::RuleLibrary& ret);

// A rule, or what is wrong with it.
struct Compiled {
  qtap_rule* rule = nullptr;
  qtap_rule_error error = {};

  Compiled(std::string_view text, const qtap::RuleLibrary& library);
  ~Compiled() { qtap_rule_free(rule); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
};

// What comes after "line 1, column 18: ".
std::string_view without_position(const char* text);

// The line and the caret; see qtap_rule_excerpt().
std::string excerpt(std::string_view text, const qtap_rule_error& error);

int check(const std::string& path, bool any_field);

struct Question {
  std::string rule;
  std::vector<NamedText> fields;
  std::vector<NamedText> macros;
  bool any_field = false;
};
int evaluate(const Question& question);

}  // namespace rules_command
