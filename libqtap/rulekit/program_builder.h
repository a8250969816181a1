// SPDX-License-Identifier: Apache-2.0
// Trees in, a Program out: walks rules, and macros in the place of their calls.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>

#include "rulekit/field_names.h"
#include "rulekit/program_parts.h"

namespace qtap::rulekit {

class ProgramBuilder {
 public:
  // Borrows the names, which know the trees that will be added.
  ProgramBuilder(const FieldNames& names, Sharing sharing) : names_(names), parts_(sharing) {}

  // The first step of the rule; nothing when it is beyond a limit (limits.h): only its tree says
  // then how far an evaluation comes.
  std::optional<StepId> add(const Tree& tree);
  Program finish() { return parts_.finish(); }

 private:
  struct Scope {  // the tree at hand, the rule's or a macro's
    const Tree* tree;
    std::span<const uint32_t> numbers;
  };

  StepId condition(NodeId id);
  StepId chain(const Node& node);
  StepId predicate(const Node& node);
  StepId call_alone(const Node& node);
  StepId macro(const Call& call);
  StepId alone(const Operand& operand);
  Operand operand(NodeId id);
  Operand call(const Node& node);
  Operand constant_array(const Node& node, size_t index);

  void give_up() { gave_up_ = true; }
  bool enter(const Node& node);

  const FieldNames& names_;
  ProgramParts parts_;
  Scope scope_{};
  std::unordered_map<const ConstantArray*, Operand> arrays_;
  bool gave_up_ = false;
  uint32_t nodes_ = 0;  // of the rule that is added
  uint32_t macro_nodes_ = 0;
  uint32_t depth_ = 0;
  uint32_t macro_depth_ = 0;
};

}  // namespace qtap::rulekit
