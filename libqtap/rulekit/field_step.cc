// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_step.h"

#include <algorithm>
#include <span>
#include <utility>

namespace qtap::rulekit {

namespace {

void specialise_compare(ProgramParts* parts, Step* step, const Value& constant) {
  const bool equality = step->op == Op::kEq || step->op == Op::kNe;
  step->negated = step->op == Op::kNe;
  step->kind = StepKind::kAny;
  if (constant.is_number() && step->op != Op::kContains) {
    step->kind = StepKind::kOrder;
  } else if (constant.type == Type::kString && equality) {
    step->kind = StepKind::kEqualText;
  } else if (constant.type == Type::kString && step->op == Op::kContains) {
    step->kind = StepKind::kHasText;
  } else if (constant.type == Type::kCidr && (equality || step->op == Op::kContains)) {
    step->kind = StepKind::kWithin;
    step->index = parts->network(constant);
  } else if (constant.type == Type::kRegex && (equality || step->op == Op::kContains)) {
    step->kind = StepKind::kFound;
  }
}

// Elements of other types may be equal to a string or an integer too: then it stays kAny.
void add_membership(ProgramParts* parts, Step* step, std::span<const Value> items) {
  const bool fits = std::all_of(items.begin(), items.end(), [](const Value& item) {
    return item.type == Type::kString || item.type == Type::kInt;
  });
  if (!fits) return;
  Membership members;
  for (const Value& item : items) {
    if (item.type == Type::kString) {
      members.texts.insert(item.str());
    } else {
      members.integers.insert(item.i);
    }
  }
  step->kind = StepKind::kAmong;
  step->index = parts->membership(*step->constant, std::move(members));
}

}  // namespace

void make_field_step(ProgramParts* parts, Step* step) {
  if (step->left.kind != Operand::Kind::kField || step->right.kind != Operand::Kind::kConstant) {
    return;
  }
  step->field = step->left.index;
  step->constant = parts->program().constants[step->right.index];
  step->otherwise = step->kind;
  const Value& constant = *step->constant;
  if (step->kind == StepKind::kMatch) {
    step->kind = StepKind::kFound;
  } else if (step->kind == StepKind::kIn) {
    step->kind = StepKind::kAny;
    if (constant.type == Type::kArray) add_membership(parts, step, constant.elements());
  } else {
    specialise_compare(parts, step, constant);
  }
}

}  // namespace qtap::rulekit
