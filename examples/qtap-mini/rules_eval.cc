// SPDX-License-Identifier: Apache-2.0
// qtap-mini rules eval: what one rule comes to, and why.
#include <cstdio>
#include <deque>

#include "report.h"
#include "rule_value.h"
#include "rules.h"

namespace rules_command {

namespace {

using Values = std::deque<RuleValue>;

bool read_fields(const Question& question, Values& ret) {
  for (const auto& [name, text] : question.fields) {
    RuleValue& value = ret.emplace_back();
    value.name = canonical_field(name);
    value.text = text;
    if (const std::string error = read_value(value); !error.empty()) {
      say_error(error.c_str());
      return false;
    }
  }
  return true;
}

int look_up(void* user, qtap_str name, qtap_value* ret) {
  const std::string wanted = canonical_field({name.data, name.len});
  for (const RuleValue& field : *static_cast<const Values*>(user)) {
    if (field.name != wanted) continue;
    *ret = field.value;
    return QTAP_OK;
  }
  return QTAP_ERR_NOTFOUND;
}

void print(const char* what, std::string_view text) {
  printf("%-12s%.*s\n", what, static_cast<int>(text.size()), text.data());
}

void print_reasons(const qtap::RuleResult& result) {
  qtap_rule_issue issue = {};
  issue.size = sizeof issue;
  for (size_t at = 0; qtap_rule_result_issue_at(result.get(), at, &issue) == QTAP_OK; ++at) {
    if (issue.kind == QTAP_RULE_MISSING_FIELD) continue;
    const std::string macro(issue.macro.data, issue.macro.len);
    printf("%-12s%sline %u, column %u: %.*s\n", "because",
           macro.empty() ? "" : (macro + "(), ").c_str(), issue.line, issue.column,
           static_cast<int>(issue.text.len), issue.text.data);
  }
  result.for_each_missing([](std::string_view name) { print("missing", name); });
}

int print_result(const qtap::RuleResult& result) {
  const bool decided = result.outcome() == QTAP_RULE_TRUE || result.outcome() == QTAP_RULE_FALSE;
  constexpr const char* kWords[] = {"false", "true", "unknown", "failed"};
  puts(kWords[result.outcome()]);
  if (!decided) print_reasons(result);
  print(decided ? "decided by" : "left", result.rest());
  qtap_value value = {};
  if (decided && qtap_rule_result_value(result.get(), &value) == QTAP_OK &&
      value.type != QTAP_VALUE_BOOL) {
    print("value", shown_value(value));
  }
  if (fflush(stdout) != 0) return kWrong;
  return !decided ? kUndecided : result.outcome() == QTAP_RULE_TRUE ? kTrue : kFalse;
}

}  // namespace

int evaluate(const Question& question) {
  Values values;
  if (!read_fields(question, values)) return kWrong;
  qtap::RuleLibrary library;
  if (const qtap::Status made = make_library(question.macros, question.any_field, library);
      !made.ok()) {
    say_error(made.message.c_str());
    return kWrong;
  }
  const Compiled compiled(question.rule, library);
  if (compiled.rule == nullptr) {
    say_error(compiled.error.text);
    fputs(excerpt(question.rule, compiled.error).c_str(), stderr);
    return kWrong;
  }
  qtap_rule_error warning = {};
  warning.size = sizeof warning;
  for (size_t at = 0; qtap_rule_warning_at(compiled.rule, at, &warning) == QTAP_OK; ++at) {
    say_warning(warning.text);
  }
  qtap_rule_result* raw = nullptr;
  if (const int status = qtap_rule_explain(compiled.rule, look_up, &values, &raw); status < 0) {
    say_error(qtap_status_name(status));
    return kWrong;
  }
  return print_result(qtap::RuleResult(raw));
}

}  // namespace rules_command
