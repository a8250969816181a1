// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_step.h"

namespace qtap::rulekit {

namespace {

void specialise_compare(ProgramParts* parts, Step* step, const Value& constant) {
  const bool equality = step->op == Op::kEq || step->op == Op::kNe;
  step->negated = step->op == Op::kNe;
  step->kind = StepKind::kAny;
  if ((constant.type == Type::kInt || constant.type == Type::kDouble) &&
      step->op != Op::kContains) {
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
    if (const Membership* members = parts->members_of(step->right.index)) {
      step->kind = StepKind::kAmong;
      step->index = parts->membership(*members);
    }
  } else {
    specialise_compare(parts, step, constant);
  }
}

}  // namespace qtap::rulekit
