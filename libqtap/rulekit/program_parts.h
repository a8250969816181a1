// SPDX-License-Identifier: Apache-2.0
// A Program while it grows. With sharing, equal parts of all rules become one part, and steps and
// calls that more than one rule has are evaluated once: finish() gives them a memo.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "rulekit/program.h"

namespace qtap::rulekit {

enum class Sharing : uint8_t { kNone, kEqualParts };

void append_number(std::string* out, uint64_t number);
void append_operand(std::string* out, const Operand& operand);

class ProgramParts {
 public:
  explicit ProgramParts(Sharing sharing) : sharing_(sharing) {}

  bool shares() const { return sharing_ != Sharing::kNone; }
  const Program& program() const { return program_; }

  StepId step(const Step& step);
  Range step_list(const std::vector<StepId>& steps);
  // The key tells constants apart; without sharing it is not read. Borrows the value.
  Operand constant(const Value& value, std::string key, const Membership* members = nullptr);
  const Membership* members_of(uint32_t constant) const { return members_[constant]; }
  Operand array(const std::vector<Operand>& items);
  Operand call(CallStep call, const std::vector<Operand>& arguments);
  // Tables for constants, by address.
  uint32_t network(const Value& cidr);
  uint32_t membership(const Membership& members);

  Program finish();

 private:
  uint32_t once(std::string key, size_t fresh);
  Range operand_list(const std::vector<Operand>& list);
  void share(StepId id);
  FieldTest test_of(const Step& step) const;

  const Sharing sharing_;
  Program program_;
  std::vector<const Membership*> members_;  // per constant, or null
  // With sharing: steps, operands and constants by what they are.
  std::unordered_map<std::string, uint32_t> known_;
  std::vector<bool> is_shared_;       // per step
  std::vector<bool> call_is_shared_;  // per call
};

}  // namespace qtap::rulekit
