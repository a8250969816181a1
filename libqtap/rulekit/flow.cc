// SPDX-License-Identifier: Apache-2.0
#include "rulekit/flow.h"

#include <cassert>
#include <span>

#include "rulekit/program.h"

namespace qtap::rulekit {

namespace {

// Where outcomes of a step lead to, as FlowTest::to has it; one of the places, or both ends when it
// is the last, is the one behind the step's tests.
struct Exits {
  uint32_t on_false = FlowTest::kFalse;
  uint32_t on_true = FlowTest::kTrue;
  // Whether the outcome, if it leads there, is that of the rule, with its value: of and/or the side
  // that decides keeps it, the others only count (the table of Evaluator::chain()).
  bool false_keeps = true;
  bool true_keeps = true;
};

class FlowBuilder {
 public:
  explicit FlowBuilder(const Program& program) : program_(program) {}

  Flow flow(StepId root) {
    counts_.assign(program_.steps.size(), 0);
    if (!count(root)) return {};
    flow_.reserve(counts_[root] + size_t{1});
    add(root, {});
    assert(flow_.size() == counts_[root] + size_t{1});
    return std::move(flow_);
  }

 private:
  std::span<const StepId> children(const Step& step) const {
    return std::span(program_.step_lists).subspan(step.list.first, step.list.count);
  }

  // Counts the tests of each step; false where there is something else.
  bool count(StepId id) {
    const Step& step = program_.steps[id];
    if (step.kind >= StepKind::kFieldTruth) {
      counts_[id] = 1;
      return true;
    }
    if (step.kind == StepKind::kNot) {
      if (!count(step.child)) return false;
      counts_[id] = counts_[step.child];
      return true;
    }
    if (step.kind != StepKind::kAnd && step.kind != StepKind::kOr) return false;
    for (const StepId child : children(step)) {
      if (!count(child)) return false;
      counts_[id] += counts_[child];
    }
    return true;
  }

  void add(StepId id, const Exits& exits) {
    const Step& step = program_.steps[id];
    switch (step.kind) {
      case StepKind::kAnd:
      case StepKind::kOr:
        return chain(step, exits);
      case StepKind::kNot:
        return add(step.child, {exits.on_true, exits.on_false, false, false});
      default:
        break;
    }
    const bool is_value = step.kind == StepKind::kFieldTruth;
    const auto exit = [is_value](uint32_t to, bool keeps) {
      return is_value && keeps && FlowTest::is_end(to) ? FlowTest::kItself : to;
    };
    const uint32_t on_false = exit(exits.on_false, exits.false_keeps);
    const uint32_t on_true = exit(exits.on_true, exits.true_keeps);
    const auto behind = static_cast<uint32_t>(flow_.size()) + 1;
    const bool leaves_when = on_false == behind;
    flow_.push_back({step.test, id, leaves_when ? on_true : on_false, verdict(leaves_when)});
    if (on_false != behind && on_true != behind) flow_.emplace_back().to = on_true;
  }

  // A side leads to the next one, which is behind all tests of this one, unless it decides.
  void chain(const Step& step, const Exits& exits) {
    const bool deciding = step.kind == StepKind::kOr;
    const auto sides = children(step);
    for (const StepId& child : sides) {
      Exits side = exits;
      (deciding ? side.false_keeps : side.true_keeps) = false;
      if (&child != &sides.back()) {
        (deciding ? side.on_false : side.on_true) =
            static_cast<uint32_t>(flow_.size()) + counts_[child];
      }
      add(child, side);
    }
  }

  const Program& program_;
  Flow flow_;
  std::vector<uint32_t> counts_;  // per step
};

}  // namespace

Flow flow_of(const Program& program, StepId root) {
  return FlowBuilder(program).flow(root);
}

}  // namespace qtap::rulekit
