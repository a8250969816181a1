// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h: an evaluation with its reasons.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/boundary.h"
#include "capi/rule_handles.h"
#include "rulekit/export.h"
#include "rulekit/render.h"
#include "rulekit/tree.h"

namespace {

struct Issue {
  int kind;
  int status;
  uint32_t line;
  uint32_t column;
  std::string macro;
  std::string subject;
  std::string text;
};

}  // namespace

struct qtap_rule_result {
  qtap::rulekit::Scratch scratch;  // the value's texts and items
  int outcome = QTAP_RULE_FAILED;
  qtap_value value{};
  std::vector<std::string> missing;
  std::vector<Issue> issues;
  std::string rest;
};

namespace qtap::capi {

int outcome_of(const rulekit::Outcome& outcome) {
  switch (outcome.state) {
    case rulekit::State::kMissing:
      return QTAP_RULE_UNKNOWN;
    case rulekit::State::kError:
      return QTAP_RULE_FAILED;
    default:
      return outcome.pass() ? QTAP_RULE_TRUE : QTAP_RULE_FALSE;
  }
}

namespace {

int kind_of(rulekit::IssueKind kind) {
  switch (kind) {
    case rulekit::IssueKind::kMissingField:
      return QTAP_RULE_MISSING_FIELD;
    case rulekit::IssueKind::kLookupFailed:
      return QTAP_RULE_LOOKUP_FAILED;
    case rulekit::IssueKind::kLimit:
      return QTAP_RULE_LIMIT;
    default:
      return QTAP_RULE_FUNCTION_FAILED;  // names and counts are checked when rules are compiled
  }
}

// Of a tree and an offset in its text. Each text is read once, whatever the number of issues.
using Positions = std::map<std::pair<const rulekit::Tree*, size_t>, rulekit::Position>;

Positions positions_of(const std::vector<rulekit::Issue>& issues) {
  Positions positions;
  for (const rulekit::Issue& issue : issues) {
    if (issue.tree != nullptr) positions.try_emplace({issue.tree, issue.offset});
  }
  const rulekit::Tree* tree = nullptr;
  size_t offset = 0;
  rulekit::Position at;
  for (auto& [place, position] : positions) {
    if (place.first != tree) {
      tree = place.first;
      offset = 0;
      at = {};
    }
    const std::string_view text = tree->text;
    rulekit::advance(text.substr(offset, place.second - offset), &at);
    offset = place.second;
    position = at;
  }
  return positions;
}

Issue issue_of(const rulekit::Issue& from, const Positions& positions,
               const rulekit::Library* library) {
  Issue issue{kind_of(from.kind), from.status, 0, 0, {}, from.subject, from.text};
  if (from.tree == nullptr) return issue;
  const rulekit::Position position = positions.at({from.tree, from.offset});
  issue.line = position.line;
  issue.column = position.column;
  if (library != nullptr) issue.macro = library->name_of(*from.tree);
  return issue;
}

int explain(const qtap_rule& rule, const Host& host, qtap_rule_result** ret) {
  auto result = std::make_unique<qtap_rule_result>();
  rulekit::Report report;
  rulekit::Residue residue;
  const rulekit::Outcome outcome =
      rule.rule->evaluate(source_of(host), &result->scratch, &report, &residue);
  result->outcome = outcome_of(outcome);
  if (outcome.ok()) {
    rulekit::export_value(outcome.value, rulekit::Texts::kCopy, result->scratch, &result->value);
  }
  result->missing = report.missing_fields();
  const Positions positions = positions_of(report.issues());
  for (const rulekit::Issue& issue : report.issues()) {
    result->issues.push_back(issue_of(issue, positions, library_of(rule.names.get())));
  }
  if (report.untold() > 0) {
    result->issues.push_back({QTAP_RULE_LIMIT,
                              QTAP_ERR_LIMIT,
                              0,
                              0,
                              {},
                              {},
                              std::to_string(report.untold()) + " more issues are not told"});
  }
  result->rest = rulekit::render(residue);
  *ret = result.release();
  return QTAP_OK;
}

}  // namespace

}  // namespace qtap::capi

extern "C" {

int qtap_rule_explain(const qtap_rule* rule, qtap_lookup_fn lookup, void* user,
                      qtap_rule_result** ret) {
  if (rule == nullptr || lookup == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  return qtap::capi::guard([&] { return qtap::capi::explain(*rule, {lookup, user}, ret); });
}

int qtap_rule_result_outcome(const qtap_rule_result* result) {
  return result == nullptr ? static_cast<int>(QTAP_ERR_INVALID) : result->outcome;
}

int qtap_rule_result_value(const qtap_rule_result* result, struct qtap_value* ret) {
  if (result == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (result->outcome != QTAP_RULE_TRUE && result->outcome != QTAP_RULE_FALSE) {
    return QTAP_ERR_NOTFOUND;
  }
  *ret = result->value;
  return QTAP_OK;
}

int qtap_rule_result_missing_at(const qtap_rule_result* result, size_t index,
                                struct qtap_str* ret) {
  if (result == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (index >= result->missing.size()) return QTAP_ERR_NOTFOUND;
  *ret = qtap::capi::str_of(result->missing[index]);
  return QTAP_OK;
}

int qtap_rule_result_issue_at(const qtap_rule_result* result, size_t index,
                              struct qtap_rule_issue* ret) {
  if (result == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (index >= result->issues.size()) return QTAP_ERR_NOTFOUND;
  const Issue& from = result->issues[index];
  qtap_rule_issue issue{};
  issue.kind = from.kind;
  issue.status = from.status;
  issue.line = from.line;
  issue.column = from.column;
  issue.macro = qtap::capi::str_of(from.macro);
  issue.subject = qtap::capi::str_of(from.subject);
  issue.text = qtap::capi::str_of(from.text);
  return qtap::capi::export_struct(issue, ret);
}

struct qtap_str qtap_rule_result_rest(const qtap_rule_result* result) {
  return result == nullptr ? qtap_str{} : qtap::capi::str_of(result->rest);
}

void qtap_rule_result_free(qtap_rule_result* result) {
  delete result;
}

}  // extern "C"
