// SPDX-License-Identifier: Apache-2.0
#include "rulekit/program_builder.h"

#include <algorithm>
#include <cstring>

#include <qtap/base.h>

#include "rulekit/address.h"
#include "rulekit/library.h"
#include "rulekit/limits.h"

namespace qtap::rulekit {

namespace {

Operand failing(int status) {
  return {Operand::Kind::kFail, static_cast<uint32_t>(status)};
}

void append_number(std::string* out, uint64_t number) {
  out->append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_operand(std::string* out, const Operand& operand) {
  append_number(out, static_cast<uint64_t>(operand.kind) << 32 | operand.index);
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
  nodes_ = depth_ = macro_depth_ = 0;
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
      return add_step({.kind = StepKind::kNot, .child = child});
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
  std::string key = "l";
  for (const StepId child : children) append_number(&key, child);
  const auto first = static_cast<uint32_t>(program_.step_lists.size());
  Step step{.kind = node.kind == NodeKind::kAnd ? StepKind::kAnd : StepKind::kOr,
            .list = {once(std::move(key), first), static_cast<uint32_t>(children.size())}};
  if (step.list.first == first) {
    program_.step_lists.insert(program_.step_lists.end(), children.begin(), children.end());
  }
  return add_step(step);
}

StepId ProgramBuilder::predicate(const Node& node) {
  Step step{.kind = node.kind == NodeKind::kCompare ? StepKind::kCompare
                    : node.kind == NodeKind::kMatch ? StepKind::kMatch
                                                    : StepKind::kIn,
            .op = node.op};
  step.left = operand(node.left);
  step.right = operand(node.right);
  specialise(&step);
  return add_step(step);
}

StepId ProgramBuilder::alone(const Operand& operand) {
  if (operand.kind == Operand::Kind::kCondition) return operand.index;
  if (operand.kind == Operand::Kind::kFail) {
    return add_step({.kind = StepKind::kFail, .status = static_cast<int32_t>(operand.index)});
  }
  Step step{.kind = StepKind::kTruth, .left = operand};
  if (operand.kind == Operand::Kind::kField) {
    step = {.kind = StepKind::kFieldTruth, .field = operand.index};
  }
  return add_step(step);
}

StepId ProgramBuilder::call_alone(const Node& node) {
  const Operand called = call(node);
  const auto& callee = scope_.tree->calls[node.index];
  if (called.kind == Operand::Kind::kCall && callee.kind == CalleeKind::kBuiltin &&
      callee.name == "starts_with") {
    const Range range = program_.calls[called.index].arguments;
    const Operand& value = program_.operands[range.first];
    const Operand& prefix = program_.operands[range.first + 1];
    if (value.kind == Operand::Kind::kField && prefix.kind == Operand::Kind::kConstant &&
        program_.constants[prefix.index]->type == Type::kString) {
      return add_step({.kind = StepKind::kStartsWith,
                       .otherwise = StepKind::kTruth,
                       .field = value.index,
                       .constant = program_.constants[prefix.index],
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
      return constant(literal.value, sharing_ == Sharing::kNone ? "" : key_of(literal));
    }
    case NodeKind::kArray: {
      std::vector<Operand> items;
      std::string key = "a";
      for (const NodeId child : tree.children(node)) {
        items.push_back(operand(child));
        append_operand(&key, items.back());
      }
      const int32_t known = tree.constant_of[id];
      if (known >= 0) {
        const auto& values = tree.constant_arrays[static_cast<size_t>(known)];
        return constant(program_.own_values.emplace_back(Value::list(Type::kArray, values)),
                        std::move(key));
      }
      const auto fresh = static_cast<uint32_t>(program_.arrays.size());
      const uint32_t index = once(std::move(key), fresh);
      if (index == fresh) program_.arrays.push_back(operand_list(items));
      return {Operand::Kind::kArray, index};
    }
    case NodeKind::kCall:
      return call(node);
    default:  // the grammar has no other operand, but every condition has a value
      --nodes_;
      return {Operand::Kind::kCondition, condition(id)};
  }
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
  std::string key = "f";
  append_number(&key, reinterpret_cast<uintptr_t>(call.body));
  append_number(&key, reinterpret_cast<uintptr_t>(call.user));
  for (const NodeId child : tree.children(node)) {
    arguments.push_back(operand(child));
    append_operand(&key, arguments.back());
  }
  --depth_;
  const auto fresh = static_cast<uint32_t>(program_.calls.size());
  const uint32_t index = once(std::move(key), fresh);
  if (index == fresh) {
    call.arguments = operand_list(arguments);
    program_.calls.push_back(call);
    call_is_shared_.push_back(false);
  } else {
    call_is_shared_[index] = true;
  }
  return {Operand::Kind::kCall, index};
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

Operand ProgramBuilder::constant(const Value& value, std::string key) {
  const auto fresh = static_cast<uint32_t>(program_.constants.size());
  const uint32_t index = once(std::move(key), fresh);
  if (index == fresh) program_.constants.push_back(&value);
  return {Operand::Kind::kConstant, index};
}

Range ProgramBuilder::operand_list(const std::vector<Operand>& list) {
  const Range range{static_cast<uint32_t>(program_.operands.size()),
                    static_cast<uint32_t>(list.size())};
  program_.operands.insert(program_.operands.end(), list.begin(), list.end());
  return range;
}

void ProgramBuilder::specialise(Step* step) {
  if (step->left.kind != Operand::Kind::kField || step->right.kind != Operand::Kind::kConstant) {
    return;
  }
  step->field = step->left.index;
  step->constant = program_.constants[step->right.index];
  step->otherwise = step->kind;
  const Value& constant = *step->constant;
  if (step->kind == StepKind::kMatch) {
    step->kind = StepKind::kFound;
  } else if (step->kind == StepKind::kIn) {
    step->kind = StepKind::kAny;
    if (constant.type == Type::kArray) add_membership(step, constant.elements());
  } else {
    specialise_compare(step, constant);
  }
}

void ProgramBuilder::specialise_compare(Step* step, const Value& constant) {
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
    step->index = network(constant);
  } else if (constant.type == Type::kRegex && (equality || step->op == Op::kContains)) {
    step->kind = StepKind::kFound;
  }
}

// Elements of other types may be equal to a string or an integer too: then it stays kAny.
void ProgramBuilder::add_membership(Step* step, std::span<const Value> items) {
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
  std::string key = "m";
  append_number(&key, reinterpret_cast<uintptr_t>(step->constant));
  const auto fresh = static_cast<uint32_t>(program_.memberships.size());
  step->kind = StepKind::kAmong;
  step->index = once(std::move(key), fresh);
  if (step->index == fresh) program_.memberships.push_back(std::move(members));
}

uint32_t ProgramBuilder::network(const Value& cidr) {
  std::string key = "n";
  append_number(&key, reinterpret_cast<uintptr_t>(&cidr));
  const auto fresh = static_cast<uint32_t>(program_.networks.size());
  const uint32_t index = once(std::move(key), fresh);
  if (index != fresh) return index;
  IpBytes ones;
  ones.fill(0xff);
  const Value mask = rulekit::network(ones, cidr.prefix);
  NetworkTest& test = program_.networks.emplace_back();
  std::memcpy(test.mask, mask.ip.data(), sizeof test.mask);
  std::memcpy(test.bits, cidr.ip.data(), sizeof test.bits);
  test.is_ipv4 = is_ipv4(cidr.ip) && cidr.prefix >= kMappedBits;
  return index;
}

// The number known for the key; without sharing, and for a new key, the fresh one.
uint32_t ProgramBuilder::once(std::string key, uint32_t fresh) {
  if (sharing_ == Sharing::kNone) return fresh;
  return known_.try_emplace(std::move(key), fresh).first->second;
}

StepId ProgramBuilder::add_step(const Step& step) {
  const auto fresh = static_cast<StepId>(program_.steps.size());
  if (sharing_ == Sharing::kNone) {
    program_.steps.push_back(step);
    return fresh;
  }
  std::string key = "s";
  append_number(&key, static_cast<uint64_t>(step.kind) << 32 |
                          static_cast<uint64_t>(step.otherwise) << 16 |
                          static_cast<uint64_t>(step.op) << 8 | (step.negated ? 1u : 0u));
  append_number(&key, uint64_t{step.field} << 32 | step.index);
  append_number(&key, uint64_t{static_cast<uint32_t>(step.status)} << 32 | step.child);
  append_number(&key, uint64_t{step.list.first} << 32 | step.list.count);
  append_number(&key, reinterpret_cast<uintptr_t>(step.constant));
  append_operand(&key, step.left);
  append_operand(&key, step.right);
  const StepId id = once(std::move(key), fresh);
  if (id == fresh) {
    program_.steps.push_back(step);
    is_shared_.push_back(false);
  } else {
    is_shared_[id] = true;
  }
  return id;
}

// The step moves, and its place is taken by one that keeps its outcome; unless asking again costs
// no more than that.
void ProgramBuilder::share(StepId id) {
  const Step step = program_.steps[id];
  switch (step.kind) {
    case StepKind::kFail:
    case StepKind::kFieldTruth:
    case StepKind::kEqualText:
    case StepKind::kOrder:
      return;
    default:
      break;
  }
  program_.steps[id] = {.kind = StepKind::kShared,
                        .index = program_.memos++,
                        .child = static_cast<StepId>(program_.steps.size())};
  program_.steps.push_back(step);
}

Program ProgramBuilder::finish() {
  for (StepId id = 0; id < is_shared_.size(); ++id) {
    if (is_shared_[id]) share(id);
  }
  for (uint32_t id = 0; sharing_ != Sharing::kNone && id < program_.calls.size(); ++id) {
    if (call_is_shared_[id]) program_.calls[id].memo = program_.memos++;
  }
  return std::move(program_);
}

}  // namespace qtap::rulekit
