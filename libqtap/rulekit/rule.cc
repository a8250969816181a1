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

Rule::Rule(std::unique_ptr<const Tree> tree) : tree_(std::move(tree)) {
  auto names = std::make_unique<FieldNames>();
  names->add(*tree_);
  names_ = std::move(names);
  ProgramBuilder builder(*names_, Sharing::kNone);
  if (const auto root = builder.add(*tree_)) {
    root_ = *root;
    auto program = std::make_unique<Program>(builder.finish());
    program->flow = flow_of(*program, root_);
    program_ = std::move(program);
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

Outcome Rule::evaluate(const FieldSource& fields, Scratch* scratch) const {
  FieldFrame frame(fields, names_->names(), scratch);
  Outcome outcome;
  if (program_ != nullptr) {
    run_program(*program_, root_, &frame, scratch, &outcome);
  } else {
    outcome = evaluate_tree(*tree_, *names_, &frame, scratch, nullptr);
  }
  return outcome;
}

Outcome Rule::evaluate(FieldTable fields, Scratch* scratch) const {
  assert(fields.size() >= names_->names().size());  // an entry for each, null for an unknown one
  Outcome outcome;
  if (program_ != nullptr) {
    run_program(*program_, root_, fields, scratch, &outcome);
  } else {
    outcome = walk_table(fields, scratch, nullptr, nullptr);
  }
  return outcome;
}

Outcome Rule::evaluate(const FieldSource& fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  if (report == nullptr && residue == nullptr) return evaluate(fields, scratch);
  FieldFrame frame(fields, names_->names(), scratch);
  return evaluate_tree(*tree_, *names_, &frame, scratch, report, residue);
}

Outcome Rule::evaluate(FieldTable fields, Scratch* scratch, Report* report,
                       Residue* residue) const {
  if (report == nullptr && residue == nullptr) return evaluate(fields, scratch);
  assert(fields.size() >= names_->names().size());  // an entry for each, null for an unknown one
  return walk_table(fields, scratch, report, residue);
}

// Apart: a plain evaluation need not make room for the frame of the fields.
Outcome Rule::walk_table(FieldTable fields, Scratch* scratch, Report* report,
                         Residue* residue) const {
  FieldFrame frame(fields);
  return evaluate_tree(*tree_, *names_, &frame, scratch, report, residue);
}

std::string Rule::rendered() const {
  return render(*tree_);
}

}  // namespace qtap::rulekit
