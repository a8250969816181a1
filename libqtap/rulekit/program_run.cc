// SPDX-License-Identifier: Apache-2.0
#include "rulekit/program_run.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>

#include <qtap/base.h>

#include "rulekit/address.h"
#include "rulekit/compare.h"
#include "rulekit/pattern.h"
#include "rulekit/text_search.h"

namespace qtap::rulekit {

namespace {

StepResult of(bool truth) {
  return {nullptr, QTAP_OK, State::kValue, truth};
}
StepResult of(const Value* value) {
  return {value, QTAP_OK, State::kValue, false};
}
// Without the value that a function may give along with its error.
StepResult undecided(const StepResult& cause) {
  return {nullptr, cause.status, cause.state, false};
}

// Of a value of another type than the test is made for. Still kOther when only the steps can tell:
// lists have a budget, and starts_with() makes text of a value.
[[gnu::noinline]] Verdict verdict_by_type(const Step& step, const Value& value) {
  if (value.is_list() || step.otherwise == StepKind::kTruth) return Verdict::kOther;
  if (step.otherwise == StepKind::kIn) return verdict(is_in(value, *step.constant));
  if (step.otherwise == StepKind::kMatch) return verdict(matches(value, *step.constant));
  return verdict(compare(value, step.op, *step.constant));
}

// False, with nothing in the outcome, when a field is not known or only the steps can tell. `get`
// is asked for the fields that the steps would ask for, in the same order.
template <typename Get>
[[gnu::always_inline]] inline bool follow(const Program& program, Get get, Outcome* ret) {
  const FlowTest* const begin = program.flow.data();
  const FlowTest* const end = begin + program.flow.size() - 1;
  for (const FlowTest* at = begin;;) {
    const Value* const value = get(at->test.field);
    if (value == nullptr) return false;
    Verdict verdict = verdict_of(at->test, *value);
    if (verdict == Verdict::kOther) {
      verdict = verdict_by_type(program.steps.data()[at->step], *value);
      if (verdict == Verdict::kOther) return false;
    }
    const FlowTest* next = at + 1;
    uint32_t to = next->to;
    if (verdict == at->leaves_when) {
      to = at->to;
      if (!FlowTest::is_end(to)) {
        at = begin + to;
        continue;
      }
    } else if (next != end) {
      at = next;
      continue;
    }
    if (to == FlowTest::kItself) {
      ret->value = *value;
    } else {
      ret->value.type = Type::kBool;
      ret->value.b = to == FlowTest::kTrue;
    }
    return true;
  }
}

// Apart: the shorter way need not make room for the frame of the fields.
[[gnu::noinline]] void run_whole(const Program& program, StepId root, FieldTable fields,
                                 Scratch* scratch, Outcome* ret) {
  FieldFrame frame(fields);
  ProgramRun(program, &frame, scratch).rule(root).tell(ret);
}

}  // namespace

void run_program(const Program& program, StepId root, FieldFrame* fields, Scratch* scratch,
                 Outcome* ret) {
  const auto get = [fields](uint32_t field) { return fields->get(field); };
  if (!program.flow.empty() && follow(program, get, ret)) return;
  ProgramRun(program, fields, scratch).rule(root).tell(ret);
}

void run_program(const Program& program, StepId root, FieldTable fields, Scratch* scratch,
                 Outcome* ret) {
  const auto get = [known = fields.data()](uint32_t field) { return known[field]; };
  if (!program.flow.empty() && follow(program, get, ret)) return;
  run_whole(program, root, fields, scratch, ret);
}

StepResult ProgramRun::run(StepId id) {
  const Step& step = program_.steps.data()[id];
  if (step.kind < StepKind::kFieldTruth) {
    switch (step.kind) {
      case StepKind::kAnd:
        return chain(step, /*deciding=*/false);
      case StepKind::kOr:
        return chain(step, /*deciding=*/true);
      case StepKind::kNot: {
        const StepResult inner = run(step.child);
        return inner.ok() ? of(!inner.truth) : undecided(inner);
      }
      case StepKind::kShared:
        return shared(step);
      case StepKind::kTruth:
        return alone(step.left);
      case StepKind::kCompare:
      case StepKind::kMatch:
      case StepKind::kIn:
        return predicate(step);
      default:
        return {nullptr, step.status, State::kError, false};
    }
  }
  const Value* value = fields_.get(step.field);
  if (value == nullptr) return lacks(step.field);
  if (step.kind == StepKind::kFieldTruth) return {value, QTAP_OK, State::kValue, truthy(*value)};
  if (const Verdict verdict = verdict_of(step.test, *value); verdict != Verdict::kOther) {
    return of(verdict == Verdict::kTrue);
  }
  return other(step, *value);
}

StepResult ProgramRun::other(const Step& step, const Value& value) {
  if (step.otherwise == StepKind::kTruth) return alone(step.left);
  return pair(step.otherwise, step.op, value, *step.constant);
}

StepResult ProgramRun::lacks(uint32_t field) const {
  const int status = fields_.status(field);
  return {nullptr, status, status == QTAP_ERR_NOTFOUND ? State::kMissing : State::kError, false};
}

// The table of Evaluator::chain() in evaluate.cc.
StepResult ProgramRun::chain(const Step& step, bool deciding) {
  const StepId* child = program_.step_lists.data() + step.list.first;
  const StepId* const end = child + step.list.count;
  StepResult so_far = run(*child);
  while (++child != end) {
    if (so_far.ok() && so_far.truth == deciding) break;
    const StepResult next = run(*child);
    if (next.ok() && next.truth == deciding) return next;
    if (so_far.ok()) {
      so_far = next.ok() ? of(!deciding) : next;
    } else if (!next.ok()) {
      so_far = undecided(so_far.state == State::kError ? so_far : next);
    }
  }
  return so_far;
}

// What has used up budget, or lacked it, is not kept: each rule has its own. A refusal need not
// show in the result, for the other side of an `or` may have decided.
StepResult ProgramRun::shared(const Step& step) {
  assert(memos_ != nullptr);  // only programs of sets have such steps
  Memo& memo = memos_[step.index];
  if (memo.epoch == epoch_) return memo.result;
  const size_t before = pairs_.mark();
  const StepResult result = run(step.child);
  if (pairs_.mark() == before) memo = {epoch_, result};
  return result;
}

StepResult ProgramRun::alone(const Operand& operand) {
  Value storage;
  StepResult result = this->operand(operand, &storage);
  if (result.ok()) result.truth = truthy(*result.value);
  if (result.value == &storage) {
    if (storage.type == Type::kBool && result.ok()) return of(result.truth);
    Value* kept = scratch_.values(1).data();
    *kept = storage;
    result.value = kept;
  }
  return result;
}

StepResult ProgramRun::predicate(const Step& step) {
  Value left_storage;
  Value right_storage;
  const StepResult left = operand(step.left, &left_storage);
  if (!left.ok()) return undecided(left);
  const StepResult right = operand(step.right, &right_storage);
  if (!right.ok()) return undecided(right);
  return pair(step.kind, step.op, *left.value, *right.value);
}

StepResult ProgramRun::pair(StepKind kind, Op op, const Value& left, const Value& right) {
  if (!pairs_.take(left, right)) return {nullptr, QTAP_ERR_LIMIT, State::kError, false};
  if (kind == StepKind::kIn) return of(is_in(left, right));
  if (kind == StepKind::kMatch) return of(matches(left, right));
  return of(compare(left, op, right));
}

StepResult ProgramRun::operand(const Operand& operand, Value* storage) {
  static constexpr Value kFalse{.type = Type::kBool, .b = false};
  static constexpr Value kTrue{.type = Type::kBool, .b = true};
  switch (operand.kind) {
    case Operand::Kind::kField: {
      const Value* value = fields_.get(operand.index);
      return value == nullptr ? lacks(operand.index) : of(value);
    }
    case Operand::Kind::kConstant:
      return of(program_.constants[operand.index]);
    case Operand::Kind::kCall: {
      const CallStep& call = program_.calls[operand.index];
      return call.memo == UINT32_MAX ? this->call(call, storage) : kept_call(call, storage);
    }
    case Operand::Kind::kArray: {
      const Range range = program_.arrays[operand.index];
      const auto values = scratch_.values(range.count);
      const StepResult result = list(range, values);
      if (!result.ok()) return result;
      *storage = Value::list(Type::kArray, values);
      return of(storage);
    }
    case Operand::Kind::kCondition: {
      StepResult result = run(operand.index);
      if (result.ok() && result.value == nullptr) result.value = result.truth ? &kTrue : &kFalse;
      return result;
    }
    case Operand::Kind::kFail:
      break;
  }
  return {nullptr, static_cast<int32_t>(operand.index), State::kError, false};
}

// Sets values, or says why the first that has none has none.
StepResult ProgramRun::list(Range operands, std::span<Value> values) {
  for (uint32_t at = 0; at < operands.count; ++at) {
    const StepResult item = operand(program_.operands[operands.first + at], &values[at]);
    if (!item.ok()) return item;
    if (item.value != &values[at]) values[at] = *item.value;
  }
  return of(true);
}

StepResult ProgramRun::call(const CallStep& call, Value* storage) {
  constexpr size_t kInline = 2;  // as many as a built-in function has
  Value inline_values[kInline];
  const bool fits = !call.keeps && call.arguments.count <= kInline;
  const auto values = fits ? std::span(inline_values).first(call.arguments.count)
                           : scratch_.values(call.arguments.count);
  const StepResult arguments = list(call.arguments, values);
  if (!arguments.ok()) {
    if (arguments.value == nullptr || !fits) return arguments;
    *storage = *arguments.value;  // what a function gave along with its error
    return {storage, arguments.status, arguments.state, false};
  }
  std::string error;
  const int status = call.body(call.user, values, scratch_, storage, &error);
  if (status >= 0) return of(storage);
  return {storage, status, State::kError, false};
}

StepResult ProgramRun::kept_call(const CallStep& call, Value* storage) {
  assert(memos_ != nullptr);  // only programs of sets have such steps
  Memo& memo = memos_[call.memo];
  if (memo.epoch == epoch_) return memo.result;
  const size_t before = pairs_.mark();
  StepResult result = this->call(call, storage);
  if (result.value == storage) {
    Value* kept = scratch_.values(1).data();
    *kept = *storage;
    result.value = kept;
  }
  if (pairs_.mark() == before) memo = {epoch_, result};
  return result;
}

}  // namespace qtap::rulekit
