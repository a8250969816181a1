// SPDX-License-Identifier: Apache-2.0
#include "rulekit/rule.h"

#include <cassert>

#include "rulekit/field_names.h"
#include "rulekit/parser.h"
#include "rulekit/program_builder.h"
#include "rulekit/program_run.h"
#include "rulekit/render.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

namespace {

// One way out, so that the outcome is made where the caller wants it: copied whole right after it
// was written in parts, it would wait for the parts, as long as an ordinary rule takes.
Outcome run(const Program& program, StepId root, FieldFrame* fields, Scratch* scratch) {
  Outcome outcome;
  ProgramRun(program, fields, scratch).rule(root).tell(&outcome);
  return outcome;
}

}  // namespace

Rule::Rule(std::unique_ptr<const Tree> tree) : tree_(std::move(tree)) {
  auto names = std::make_unique<FieldNames>();
  names->add(*tree_);
  names_ = std::move(names);
  ProgramBuilder builder(*names_, Sharing::kNone);
  if (const auto root = builder.add(*tree_)) {
    root_ = *root;
    program_ = std::make_unique<Program>(builder.finish());
  }
}

Rule::~Rule() = default;

CompileResult Rule::compile(std::string_view text, const CompileOptions& options) {
  ParseResult parsed = parse(text, options);
  CompileResult result;
  result.error = std::move(parsed.error);
  result.warnings = std::move(parsed.warnings);
  if (parsed.tree) result.rule.reset(new Rule(std::move(parsed.tree)));
  return result;
}

std::span<const std::string> Rule::fields() const {
  return names_->names();
}

Outcome Rule::evaluate(const FieldSource& fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  FieldFrame frame(fields, names_->names(), scratch);
  return evaluate(&frame, scratch, report, residue);
}

Outcome Rule::evaluate(FieldTable fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  assert(fields.size() >= names_->names().size());  // an entry for each, null for an unknown one
  FieldFrame frame(fields);
  return evaluate(&frame, scratch, report, residue);
}

Outcome Rule::evaluate(FieldFrame* fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  if (program_ == nullptr || report != nullptr || residue != nullptr) {
    return evaluate_tree(*tree_, *names_, fields, scratch, report, residue);
  }
  return run(*program_, root_, fields, scratch);
}

std::string Rule::rendered() const {
  return render(*tree_);
}

}  // namespace qtap::rulekit
