// SPDX-License-Identifier: Apache-2.0
#include "rulekit/evaluate.h"

#include <algorithm>

#include <qtap/base.h>

#include "rulekit/compare.h"
#include "rulekit/field_names.h"
#include "rulekit/library.h"
#include "rulekit/limits.h"
#include "rulekit/pair_budget.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

namespace {

Outcome of(const Value& value) {
  return {State::kValue, QTAP_OK, value};
}
Outcome of(bool value) {
  return of(Value::boolean(value));
}

class Evaluator {
 public:
  Evaluator(const FieldNames& names, FieldFrame* fields, Scratch* scratch, Report* report,
            Residue* residue)
      : names_(names), fields_(*fields), scratch_(*scratch), report_(report), residue_(residue) {}

  Outcome rule(const Tree& tree) {
    const auto outer = numbers_;
    numbers_ = names_.of(tree);
    const Outcome outcome = evaluate(tree, tree.root);
    numbers_ = outer;
    return outcome;
  }

 private:
  Outcome evaluate(const Tree& tree, NodeId id) {
    const Outcome outcome = visit(tree, id);
    if (residue_ != nullptr && !is_made_of_parts(tree, tree.nodes[id])) {
      keep({&tree, id, 0, false});
    }
    return outcome;
  }

  // A chain keeps what it needs of its sides, a macro's call is replaced by what its rule came to.
  // Anything else stays whole: a call that lacks an argument as well, which upstream reduces to the
  // argument (S21).
  bool is_made_of_parts(const Tree& tree, const Node& node) const {
    if (gave_up_) return false;
    if (node.kind == NodeKind::kAnd || node.kind == NodeKind::kOr) return true;
    return node.kind == NodeKind::kCall && node.child_count == 0 &&
           tree.calls[node.index].kind == CalleeKind::kMacro;
  }

  void keep(const Residue::Part& part) {
    residue_->root = static_cast<uint32_t>(residue_->parts.size());
    residue_->parts.push_back(part);
  }

  uint32_t last_part() const { return residue_ == nullptr ? 0 : residue_->root; }

  Outcome visit(const Tree& tree, NodeId id) {
    const Node& node = tree.nodes[id];
    if (++steps_ > kMaxEvaluationSteps) {
      return limit(tree, node, "evaluation takes too many steps; macros multiply them");
    }
    switch (node.kind) {
      case NodeKind::kLiteral:
        return of(tree.literals[node.index].value);
      case NodeKind::kField:
        return field(tree, node);
      case NodeKind::kCompare:
      case NodeKind::kMatch:
      case NodeKind::kIn:
        return predicate(tree, node);
      case NodeKind::kArray:
        return array(tree, id);
      case NodeKind::kAnd:
      case NodeKind::kOr:
      case NodeKind::kNot:
      case NodeKind::kCall:
        break;
    }
    if (depth_ >= kMaxEvaluationDepth) return limit(tree, node, "rule and macros nest too deeply");
    ++depth_;
    Outcome outcome = node.kind == NodeKind::kNot    ? negation(tree, node)
                      : node.kind == NodeKind::kCall ? call(tree, node)
                                                     : chain(tree, node);
    --depth_;
    return outcome;
  }

  Outcome field(const Tree& tree, const Node& node) {
    const std::string& name = tree.fields[node.index].name;
    const uint32_t number = numbers_[node.index];
    if (const Value* value = fields_.get(number)) return of(*value);
    const int status = fields_.status(number);
    if (status == QTAP_ERR_NOTFOUND) {
      note(IssueKind::kMissingField, status, tree, node, name, "a field is missing");
      return {State::kMissing, status, Value::null()};
    }
    note(IssueKind::kLookupFailed, status, tree, node, name, "looking up a field failed");
    return {State::kError, status, Value::null()};
  }

  Outcome predicate(const Tree& tree, const Node& node) {
    const Outcome left = evaluate(tree, node.left);
    if (!left.ok()) return {left.state, left.status, Value::null()};
    const Outcome right = evaluate(tree, node.right);
    if (!right.ok()) return {right.state, right.status, Value::null()};
    if (!pairs_.take(left.value, right.value)) {
      return limit(tree, node, "lists are too long to compare");
    }
    if (node.kind == NodeKind::kIn) return of(is_in(left.value, right.value));
    if (node.kind == NodeKind::kMatch) return of(matches(left.value, right.value));
    return of(compare(left.value, node.op, right.value));
  }

  Outcome array(const Tree& tree, NodeId id) {
    const int32_t constant = tree.constant_of[id];
    if (constant >= 0) {
      return of(tree.constant_arrays[static_cast<size_t>(constant)].value);
    }
    return list(tree, tree.nodes[id]);
  }

  // The children's values as an array, or the first that has none.
  Outcome list(const Tree& tree, const Node& node) {
    const auto children = tree.children(node);
    const auto values = scratch_.values(children.size());
    for (size_t at = 0; at < children.size(); ++at) {
      const Outcome item = evaluate(tree, children[at]);
      if (!item.ok()) return item;
      values[at] = item.value;
    }
    return of(Value::list(Type::kArray, values));
  }

  Outcome negation(const Tree& tree, const Node& node) {
    const Outcome inner = evaluate(tree, node.left);
    if (!inner.ok()) return {inner.state, inner.status, Value::null()};
    return of(!truthy(inner.value));
  }

  // Folds a chain from the left. `deciding` is the truth that ends it: false for and, true for or.
  //
  //   so far    next        so far becomes
  //   deciding  -           (finished)
  //   decided   deciding    next                  next is not deciding: its plain bool
  //   decided   undecided   next
  //   undecided deciding    next; what was undecided is forgotten
  //   undecided decided     stays
  //   undecided undecided   undecided, with the errors of both
  Outcome chain(const Tree& tree, const Node& node) {
    const bool deciding = node.kind == NodeKind::kOr;
    const size_t mark = report_ == nullptr ? 0 : report_->mark();
    const auto children = tree.children(node);
    Outcome so_far = evaluate(tree, children[0]);
    uint32_t kept = last_part();
    for (NodeId child : children.subspan(1)) {
      if (so_far.ok() && truthy(so_far.value) == deciding) break;
      const Outcome next = evaluate(tree, child);
      if (next.ok() && truthy(next.value) == deciding) {
        if (report_ != nullptr) report_->roll_back(mark);
        so_far = next;
        kept = last_part();
      } else if (so_far.ok()) {
        kept = next.ok() ? joined(kept, deciding) : last_part();
        so_far = next.ok() ? of(!deciding) : next;
      } else if (!next.ok()) {
        kept = joined(kept, deciding);
        const bool first_is_worse = so_far.state == State::kError;
        const Outcome& worse = first_is_worse ? so_far : next;
        so_far = {worse.state, worse.status, Value::null()};
      }
    }
    if (residue_ != nullptr) residue_->root = kept;
    return so_far;
  }

  // What was kept so far, and what was kept last.
  uint32_t joined(uint32_t kept, bool is_or) {
    if (residue_ != nullptr) keep({nullptr, kept, last_part(), is_or});
    return last_part();
  }

  Outcome call(const Tree& tree, const Node& node) {
    const Call& call = tree.calls[node.index];
    switch (call.kind) {
      case CalleeKind::kBuiltin: {
        const Builtin& builtin = builtins()[call.index];
        return run(tree, node, builtin.body, nullptr);
      }
      case CalleeKind::kFunction: {
        const Function& function = tree.library->function(call.index);
        if (function.parameters.size() != node.child_count) return wrong_count(tree, node, call);
        return run(tree, node, function.body, function.user);
      }
      case CalleeKind::kMacro:
        return macro(tree, node, call);
      case CalleeKind::kUnknown:
        break;
    }
    return fail(IssueKind::kUnknownFunction, QTAP_ERR_INVALID, tree, node, call.name,
                "unknown function");
  }

  Outcome macro(const Tree& tree, const Node& node, const Call& call) {
    if (node.child_count != 0) return wrong_count(tree, node, call);
    if (macro_depth_ >= kMaxMacroDepth)
      return limit(tree, node, "macros call each other too deeply");
    ++macro_depth_;
    const Tree& body = tree.library->macro(call.index);
    const Outcome outcome = rule(body);
    --macro_depth_;
    return outcome;
  }

  Outcome run(const Tree& tree, const Node& node, FunctionBody body, void* user) {
    const Outcome args = list(tree, node);
    if (!args.ok()) return args;
    Outcome outcome;
    std::string error;
    outcome.status = body(user, args.value.elements(), scratch_, &outcome.value, &error);
    if (outcome.status >= 0) return of(outcome.value);
    if (error.empty()) error = "function failed";
    note(IssueKind::kFunctionFailed, outcome.status, tree, node, tree.calls[node.index].name,
         error);
    outcome.state = State::kError;
    return outcome;
  }

  Outcome wrong_count(const Tree& tree, const Node& node, const Call& call) {
    const size_t wanted = call.kind == CalleeKind::kFunction
                              ? tree.library->function(call.index).parameters.size()
                              : 0;
    return fail(IssueKind::kArgumentCount, QTAP_ERR_INVALID, tree, node, call.name,
                "expects " + std::to_string(wanted) + " arguments, got " +
                    std::to_string(node.child_count));
  }

  Outcome limit(const Tree& tree, const Node& node, std::string_view text) {
    gave_up_ = true;  // then every node on the way up stays whole
    return fail(IssueKind::kLimit, QTAP_ERR_LIMIT, tree, node, {}, text);
  }

  Outcome fail(IssueKind kind, int status, const Tree& tree, const Node& node,
               std::string_view subject, std::string_view text) {
    note(kind, status, tree, node, subject, text);
    return {State::kError, status, Value::null()};
  }

  void note(IssueKind kind, int status, const Tree& tree, const Node& node,
            std::string_view subject, std::string_view text) {
    if (report_ == nullptr) return;
    report_->add({kind, status, &tree, node.offset, std::string(subject), std::string(text)});
  }

  const FieldNames& names_;
  FieldFrame& fields_;
  std::span<const uint32_t> numbers_;  // of the fields of the tree that is walked
  Scratch& scratch_;
  Report* report_;
  Residue* residue_;
  bool gave_up_ = false;
  PairBudget pairs_;
  uint32_t steps_ = 0;
  uint32_t depth_ = 0;
  uint32_t macro_depth_ = 0;
};

}  // namespace

void Report::add(Issue issue) {
  if (issue.kind == IssueKind::kMissingField && missing_names_.insert(issue.subject).second) {
    missing_.push_back({issue.subject, count_});
  }
  if (issues_.size() == count_ && count_ < kMaxIssues) issues_.push_back(std::move(issue));
  ++count_;
}

void Report::roll_back(size_t mark) {
  count_ = mark;
  if (issues_.size() > mark) issues_.resize(mark);
  while (!missing_.empty() && missing_.back().mark >= mark) {
    missing_names_.erase(missing_.back().name);
    missing_.pop_back();
  }
}

std::vector<std::string> Report::missing_fields() const {
  std::vector<std::string> names;
  for (const MissingField& field : missing_) names.push_back(field.name);
  std::sort(names.begin(), names.end());
  return names;
}

Outcome evaluate_tree(const Tree& tree, const FieldNames& names, FieldFrame* fields,
                      Scratch* scratch, Report* report, Residue* residue) {
  return Evaluator(names, fields, scratch, report, residue).rule(tree);
}

}  // namespace qtap::rulekit
