// SPDX-License-Identifier: Apache-2.0
#include "rulekit/rule.h"

#include "rulekit/parser.h"
#include "rulekit/render.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

Rule::Rule(std::unique_ptr<const Tree> tree) : tree_(std::move(tree)) {}

Rule::~Rule() = default;

CompileResult Rule::compile(std::string_view text, const CompileOptions& options) {
  ParseResult parsed = parse(text, options);
  CompileResult result;
  result.error = std::move(parsed.error);
  result.warnings = std::move(parsed.warnings);
  if (parsed.tree) result.rule.reset(new Rule(std::move(parsed.tree)));
  return result;
}

Outcome Rule::evaluate(const FieldSource& fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  return evaluate_tree(*tree_, fields, scratch, report, residue);
}

std::string Rule::rendered() const {
  return render(*tree_);
}

}  // namespace qtap::rulekit
