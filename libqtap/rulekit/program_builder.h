// SPDX-License-Identifier: Apache-2.0
// Trees in, a Program out. With sharing, equal parts of all trees become one step that is evaluated
// once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rulekit/field_names.h"
#include "rulekit/program.h"

namespace qtap::rulekit {

class ProgramBuilder {
 public:
  enum class Sharing : uint8_t { kNone, kEqualParts };

  // Borrows the names, which know the trees that will be added.
  ProgramBuilder(const FieldNames& names, Sharing sharing) : names_(names), sharing_(sharing) {}

  // The first step of the rule; nothing when it is beyond a limit (limits.h): only its tree says
  // then how far an evaluation comes.
  std::optional<StepId> add(const Tree& tree);
  Program finish();

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
  // Makes the step one for a field and a constant, if there is one for these types.
  void specialise(Step* step);
  void specialise_compare(Step* step, const Value& constant);
  void add_membership(Step* step, std::span<const Value> items);
  uint32_t network(const Value& cidr);

  Operand operand(NodeId id);
  Operand call(const Node& node);
  Operand constant(const Value& value, std::string key);
  Range operand_list(const std::vector<Operand>& list);

  StepId add_step(const Step& step);
  uint32_t once(std::string key, uint32_t fresh);
  void give_up() { gave_up_ = true; }
  bool enter(const Node& node);
  void share(StepId id);

  const FieldNames& names_;
  const Sharing sharing_;
  Program program_;
  Scope scope_{};
  bool gave_up_ = false;
  uint32_t nodes_ = 0;  // of the rule that is added
  uint32_t depth_ = 0;
  uint32_t macro_depth_ = 0;

  // With sharing: steps, operands and constants by what they are.
  std::unordered_map<std::string, uint32_t> known_;
  std::vector<bool> is_shared_;       // per step
  std::vector<bool> call_is_shared_;  // per call
};

}  // namespace qtap::rulekit
