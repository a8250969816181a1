// SPDX-License-Identifier: Apache-2.0
#include "rulekit/program_builder.h"

#include <utility>

#include <qtap/base.h>

#include "rulekit/field_step.h"
#include "rulekit/library.h"
#include "rulekit/limits.h"

namespace qtap::rulekit {

namespace {

Operand failing(int status) {
  return {Operand::Kind::kFail, static_cast<uint32_t>(status)};
}

// Two literals are one constant when they are written alike and are of one type.
std::string key_of(const Literal& literal) {
  std::string key = "c";
  key += static_cast<char>(literal.value.type);
  append_number(&key, literal.raw.size());
  return key + literal.raw;
}

}  // namespace

std::optional<StepId> ProgramBuilder::add(const Tree& tree) {
  gave_up_ = false;
  nodes_ = macro_nodes_ = depth_ = macro_depth_ = 0;
  scope_ = {&tree, names_.of(tree)};
  const StepId root = condition(tree.root);
  if (gave_up_) return std::nullopt;
  return root;
}

// The limits of Evaluator::visit() in evaluate.cc.
bool ProgramBuilder::enter(const Node& node) {
  const bool deepens = node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr ||
                       node.kind == NodeKind::kNot || node.kind == NodeKind::kCall;
  if (++nodes_ > kMaxProgramNodes || (deepens && depth_ >= kMaxEvaluationDepth)) give_up();
  if (macro_depth_ > 0 && !parts_.shares() && ++macro_nodes_ > kMaxMacroNodes) give_up();
  return !gave_up_;
}

StepId ProgramBuilder::condition(NodeId id) {
  const Node& node = scope_.tree->nodes[id];
  if (!enter(node)) return 0;
  switch (node.kind) {
    case NodeKind::kAnd:
    case NodeKind::kOr:
      return chain(node);
    case NodeKind::kNot: {
      ++depth_;
      const StepId child = condition(node.left);
      --depth_;
      return parts_.step({.kind = StepKind::kNot, .child = child});
    }
    case NodeKind::kCompare:
    case NodeKind::kMatch:
    case NodeKind::kIn:
      return predicate(node);
    case NodeKind::kCall:
      return call_alone(node);
    case NodeKind::kField:
    case NodeKind::kLiteral:
    case NodeKind::kArray:
      --nodes_;  // operand() counts it
      return alone(operand(id));
  }
  return 0;
}

StepId ProgramBuilder::chain(const Node& node) {
  ++depth_;
  std::vector<StepId> children;
  for (const NodeId child : scope_.tree->children(node)) children.push_back(condition(child));
  --depth_;
  return parts_.step({.kind = node.kind == NodeKind::kAnd ? StepKind::kAnd : StepKind::kOr,
                      .list = parts_.step_list(children)});
}

StepId ProgramBuilder::predicate(const Node& node) {
  Step step{.kind = node.kind == NodeKind::kCompare ? StepKind::kCompare
                    : node.kind == NodeKind::kMatch ? StepKind::kMatch
                                                    : StepKind::kIn,
            .op = node.op};
  step.left = operand(node.left);
  step.right = operand(node.right);
  make_field_step(&parts_, &step);
  return parts_.step(step);
}

StepId ProgramBuilder::alone(const Operand& operand) {
  if (operand.kind == Operand::Kind::kCondition) return operand.index;
  if (operand.kind == Operand::Kind::kFail) {
    return parts_.step({.kind = StepKind::kFail, .status = static_cast<int32_t>(operand.index)});
  }
  Step step{.kind = StepKind::kTruth, .left = operand};
  if (operand.kind == Operand::Kind::kField) {
    step = {.kind = StepKind::kFieldTruth, .field = operand.index};
  }
  return parts_.step(step);
}

StepId ProgramBuilder::call_alone(const Node& node) {
  const Operand called = call(node);
  const auto& callee = scope_.tree->calls[node.index];
  if (called.kind == Operand::Kind::kCall && callee.kind == CalleeKind::kBuiltin &&
      callee.name == "starts_with") {
    const Range range = parts_.program().calls[called.index].arguments;
    const Operand& value = parts_.program().operands[range.first];
    const Operand& prefix = parts_.program().operands[range.first + 1];
    if (value.kind == Operand::Kind::kField && prefix.kind == Operand::Kind::kConstant &&
        parts_.program().constants[prefix.index]->type == Type::kString) {
      return parts_.step({.kind = StepKind::kStartsWith,
                          .otherwise = StepKind::kTruth,
                          .field = value.index,
                          .constant = parts_.program().constants[prefix.index],
                          .left = called});
    }
  }
  return alone(called);
}

Operand ProgramBuilder::operand(NodeId id) {
  const Tree& tree = *scope_.tree;
  const Node& node = tree.nodes[id];
  if (!enter(node)) return failing(QTAP_ERR_LIMIT);
  switch (node.kind) {
    case NodeKind::kField:
      return {Operand::Kind::kField, scope_.numbers[node.index]};
    case NodeKind::kLiteral: {
      const Literal& literal = tree.literals[node.index];
      return parts_.constant(literal.value, parts_.shares() ? key_of(literal) : "");
    }
    case NodeKind::kArray: {
      const int32_t known = tree.constant_of[id];
      if (known >= 0) return constant_array(node, static_cast<size_t>(known));
      std::vector<Operand> items;
      for (const NodeId child : tree.children(node)) items.push_back(operand(child));
      return parts_.array(items);
    }
    case NodeKind::kCall:
      return call(node);
    default:  // the grammar has no other operand, but every condition has a value
      --nodes_;
      return {Operand::Kind::kCondition, condition(id)};
  }
}

// Equal arrays of different rules are one constant; the key is made once for each array.
Operand ProgramBuilder::constant_array(const Node& node, size_t index) {
  const Tree& tree = *scope_.tree;
  const ConstantArray& array = tree.constant_arrays[index];
  const auto [known, is_new] = arrays_.try_emplace(&array);
  if (!is_new) return known->second;
  std::string key = "A";
  for (const NodeId child : tree.children(node)) {
    if (parts_.shares()) key += key_of(tree.literals[tree.nodes[child].index]);
  }
  known->second = parts_.constant(array.value, std::move(key), array.members.get());
  return known->second;
}

// Section 9 of the language: what is wrong with a call is known before its arguments.
Operand ProgramBuilder::call(const Node& node) {
  const Tree& tree = *scope_.tree;
  const Call& callee = tree.calls[node.index];
  CallStep call;
  switch (callee.kind) {
    case CalleeKind::kUnknown:
      return failing(QTAP_ERR_INVALID);
    case CalleeKind::kMacro:
      if (node.child_count != 0) return failing(QTAP_ERR_INVALID);
      return {Operand::Kind::kCondition, macro(callee)};
    case CalleeKind::kBuiltin:
      call.body = builtins()[callee.index].body;
      break;
    case CalleeKind::kFunction: {
      const Function& function = tree.library->function(callee.index);
      if (function.parameters.size() != node.child_count) return failing(QTAP_ERR_INVALID);
      call.body = function.body;
      call.user = function.user;
      call.keeps = true;
      break;
    }
  }
  ++depth_;
  std::vector<Operand> arguments;
  for (const NodeId child : tree.children(node)) arguments.push_back(operand(child));
  --depth_;
  return parts_.call(call, arguments);
}

StepId ProgramBuilder::macro(const Call& call) {
  if (macro_depth_ >= kMaxMacroDepth) {
    give_up();
    return 0;
  }
  const Scope outer = scope_;
  const Tree& body = outer.tree->library->macro(call.index);
  scope_ = {&body, names_.of(body)};
  ++macro_depth_;
  ++depth_;
  const StepId root = condition(body.root);
  --depth_;
  --macro_depth_;
  scope_ = outer;
  return root;
}

}  // namespace qtap::rulekit
