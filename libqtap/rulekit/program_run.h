// SPDX-License-Identifier: Apache-2.0
// One evaluation of a Program: section 7 of the language, as evaluate.h has it.
#pragma once

#include <cstdint>
#include <span>

#include "rulekit/evaluate.h"
#include "rulekit/field_frame.h"
#include "rulekit/pair_budget.h"
#include "rulekit/program.h"

namespace qtap::rulekit {

// The outcome of a step in two registers. `value` is null for a plain bool, which is then `truth`,
// and for nothing; it lives as long as the evaluation.
struct StepResult {
  const Value* value = nullptr;
  int32_t status = 0;
  State state = State::kValue;
  bool truth = false;

  bool ok() const { return state == State::kValue; }
  bool fail() const { return ok() && !truth; }
  // Member by member: a value that is written in parts and then copied whole waits for the parts.
  void tell(Outcome* ret) const {
    ret->state = state;
    ret->status = status;
    if (value != nullptr) {
      ret->value = *value;
    } else if (ok()) {
      ret->value.type = Type::kBool;
      ret->value.b = truth;
    }
  }
};

// What shared steps came to; valid when its epoch is that of the evaluation.
struct Memo {
  uint64_t epoch = 0;
  StepResult result;
};

class ProgramRun {
 public:
  // `memos`: Program::memos of them, used with this epoch by this run only.
  ProgramRun(const Program& program, FieldFrame* fields, Scratch* scratch, Memo* memos = nullptr,
             uint64_t epoch = 0)
      : program_(program), fields_(*fields), scratch_(*scratch), memos_(memos), epoch_(epoch) {}

  // The outcome of a rule; each has its own budget.
  StepResult rule(StepId root) {
    pairs_ = {};
    return run(root);
  }

 private:
  StepResult run(StepId id);
  StepResult chain(const Step& step, bool deciding);
  StepResult shared(const Step& step);
  StepResult alone(const Operand& operand);
  StepResult predicate(const Step& step);
  StepResult pair(StepKind kind, Op op, const Value& left, const Value& right);
  // What the step does for another type than it is made for.
  StepResult other(const Step& step, const Value& value);
  StepResult lacks(uint32_t field) const;
  // `storage` is for a value that is nowhere else.
  StepResult operand(const Operand& operand, Value* storage);
  StepResult call(const CallStep& call, Value* storage);
  StepResult kept_call(const CallStep& call, Value* storage);
  StepResult list(Range operands, std::span<Value> values);

  const Program& program_;
  FieldFrame& fields_;
  Scratch& scratch_;
  Memo* memos_;
  uint64_t epoch_;
  PairBudget pairs_;
};

// The outcome of a rule alone, into a new Outcome where the caller wants it: one that is copied
// right after it was written in parts waits for the parts, as long as an ordinary rule takes. A
// rule of one comparison with a constant takes a shorter way through a table.
void run_program(const Program& program, StepId root, FieldFrame* fields, Scratch* scratch,
                 Outcome* ret);
void run_program(const Program& program, StepId root, FieldTable fields, Scratch* scratch,
                 Outcome* ret);

}  // namespace qtap::rulekit
