// SPDX-License-Identifier: Apache-2.0
// A rule as it is evaluated: fields by number, macros in the place of their calls, and for a field
// against a constant a step made for the constant's type. It says of every rule and all fields
// exactly what the tree says (evaluate.h), without report and residue, and without allocation but
// for what functions do.
// In: trees (ProgramBuilder). Thread: immutable; ProgramRun (program_run.h) is one evaluation.
#pragma once

#include <cstdint>
#include <vector>

#include "rulekit/field_test.h"
#include "rulekit/flow.h"
#include "rulekit/function.h"
#include "rulekit/membership.h"
#include "rulekit/tree.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

using StepId = uint32_t;

enum class StepKind : uint8_t {
  kAnd,      // list: steps
  kOr,       // list: steps
  kNot,      // child
  kShared,   // child, of which the outcome is kept in a memo
  kFail,     // status
  kTruth,    // left, alone
  kCompare,  // left op right
  kMatch,    // left, right
  kIn,       // left, right

  // A field and a constant. `otherwise` is the kind above that says the same, for values of another
  // type than the step is made for. `negated`: the operator is !=.
  kFieldTruth,  // the field alone
  kEqualText,   // a string == or != a string
  kOrder,       // an integer against an integer, or a number against a double
  kWithin,      // an IP == or != or contains a network (index: networks)
  kAmong,       // a string or an integer in a constant array (index: memberships)
  kHasText,     // a string contains a string, a list has an element that is equal to it
  kFound,       // a string matches or == or contains or != a regex
  kStartsWith,  // starts_with(field, string); otherwise: kTruth
  kAny,         // of whatever types
};

struct Operand {
  enum class Kind : uint8_t {
    kField,      // index: its number
    kConstant,   // index: constants
    kCall,       // index: calls
    kArray,      // index: arrays
    kCondition,  // index: steps; a macro, whose value may be used
    kFail,       // index: the status
  };
  Kind kind = Kind::kConstant;
  uint32_t index = 0;
};

struct Range {
  uint32_t first = 0;
  uint32_t count = 0;
};

struct Step {
  StepKind kind = StepKind::kFail;
  StepKind otherwise = StepKind::kFail;
  Op op = Op::kEq;
  bool negated = false;
  uint32_t field = 0;
  uint32_t index = 0;
  int32_t status = 0;
  StepId child = 0;
  Range list = {};                  // in Program::step_lists
  const Value* constant = nullptr;  // borrowed from a tree
  Operand left = {};
  Operand right = {};
  FieldTest test = {};  // of a field and a constant, from finish() on
};

struct CallStep {
  FunctionBody body = nullptr;
  void* user = nullptr;
  Range arguments = {};  // in Program::operands
  bool keeps = false;    // a host's function may keep its arguments until the evaluation ends
  uint32_t memo = UINT32_MAX;
};

// Borrows the trees it was made of, and their libraries.
struct Program {
  std::vector<Step> steps;
  std::vector<StepId> step_lists;
  std::vector<Operand> operands;
  std::vector<CallStep> calls;
  std::vector<Range> arrays;  // in operands
  std::vector<const Value*> constants;
  std::vector<NetworkTest> networks;
  std::vector<const Membership*> memberships;
  uint32_t memos = 0;
  Flow flow;  // of the only rule; empty: its steps alone say what it comes to
};

}  // namespace qtap::rulekit
