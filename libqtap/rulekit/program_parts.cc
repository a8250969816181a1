// SPDX-License-Identifier: Apache-2.0
#include "rulekit/program_parts.h"

#include <cstring>
#include <utility>

#include "rulekit/address.h"

namespace qtap::rulekit {

void append_number(std::string* out, uint64_t number) {
  out->append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_operand(std::string* out, const Operand& operand) {
  append_number(out, static_cast<uint64_t>(operand.kind) << 32 | operand.index);
}

// The number known for the key; without sharing, and for a new key, the fresh one.
uint32_t ProgramParts::once(std::string key, size_t fresh) {
  const auto number = static_cast<uint32_t>(fresh);
  if (!shares()) return number;
  return known_.try_emplace(std::move(key), number).first->second;
}

StepId ProgramParts::step(const Step& step) {
  const auto fresh = static_cast<StepId>(program_.steps.size());
  if (!shares()) {
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

Range ProgramParts::step_list(const std::vector<StepId>& steps) {
  std::string key = "l";
  if (shares()) {
    for (const StepId step : steps) append_number(&key, step);
  }
  const size_t fresh = program_.step_lists.size();
  const uint32_t first = once(std::move(key), fresh);
  if (first == fresh) {
    program_.step_lists.insert(program_.step_lists.end(), steps.begin(), steps.end());
  }
  return {first, static_cast<uint32_t>(steps.size())};
}

Operand ProgramParts::constant(const Value& value, std::string key, const Membership* members) {
  const size_t fresh = program_.constants.size();
  const uint32_t index = once(std::move(key), fresh);
  if (index == fresh) {
    program_.constants.push_back(&value);
    members_.push_back(members);
  }
  return {Operand::Kind::kConstant, index};
}

Operand ProgramParts::array(const std::vector<Operand>& items) {
  std::string key = "a";
  for (const Operand& item : items) append_operand(&key, item);
  const size_t fresh = program_.arrays.size();
  const uint32_t index = once(std::move(key), fresh);
  if (index == fresh) program_.arrays.push_back(operand_list(items));
  return {Operand::Kind::kArray, index};
}

Operand ProgramParts::call(CallStep call, const std::vector<Operand>& arguments) {
  std::string key = "f";
  append_number(&key, reinterpret_cast<uintptr_t>(call.body));
  append_number(&key, reinterpret_cast<uintptr_t>(call.user));
  for (const Operand& argument : arguments) append_operand(&key, argument);
  const size_t fresh = program_.calls.size();
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

Range ProgramParts::operand_list(const std::vector<Operand>& list) {
  const Range range{static_cast<uint32_t>(program_.operands.size()),
                    static_cast<uint32_t>(list.size())};
  program_.operands.insert(program_.operands.end(), list.begin(), list.end());
  return range;
}

uint32_t ProgramParts::membership(const Membership& members) {
  std::string key = "m";
  append_number(&key, reinterpret_cast<uintptr_t>(&members));
  const size_t fresh = program_.memberships.size();
  const uint32_t index = once(std::move(key), fresh);
  if (index == fresh) program_.memberships.push_back(&members);
  return index;
}

uint32_t ProgramParts::network(const Value& cidr) {
  std::string key = "n";
  append_number(&key, reinterpret_cast<uintptr_t>(&cidr));
  const size_t fresh = program_.networks.size();
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

// The step moves, and its place is taken by one that keeps its outcome; unless asking again costs
// no more than that.
void ProgramParts::share(StepId id) {
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

FieldTest ProgramParts::test_of(const Step& step) const {
  FieldTest test;
  test.op = step.op;
  test.negated = step.negated;
  test.field = step.field;
  switch (step.kind) {
    case StepKind::kFieldTruth:
      test.kind = TestKind::kTruth;
      break;
    case StepKind::kOrder:
      if (step.constant->type == Type::kInt) {
        set_integers(&test, step.op, step.constant->i);
      } else {
        test.kind = TestKind::kNumbers;
        test.number = step.constant->d;
      }
      break;
    case StepKind::kWithin:
      test.kind = TestKind::kWithin;
      test.network = &program_.networks[step.index];
      break;
    case StepKind::kAmong:
      test.kind = TestKind::kAmong;
      test.members = program_.memberships[step.index];
      break;
    case StepKind::kFound:
      test.kind = TestKind::kFound;
      test.pattern = step.constant->pattern;
      break;
    case StepKind::kEqualText:
      set_equal(&test, *step.constant);
      break;
    case StepKind::kHasText:
    case StepKind::kStartsWith:
      test.kind = step.kind == StepKind::kHasText ? TestKind::kHasText : TestKind::kStartsWith;
      test.text = step.constant->text;
      break;
    default:
      break;
  }
  return test;
}

// Tests point into the tables, which grow no more; the vectors keep their memory as they move.
Program ProgramParts::finish() {
  for (StepId id = 0; id < is_shared_.size(); ++id) {
    if (is_shared_[id]) share(id);
  }
  for (uint32_t id = 0; shares() && id < program_.calls.size(); ++id) {
    if (call_is_shared_[id]) program_.calls[id].memo = program_.memos++;
  }
  for (Step& step : program_.steps) step.test = test_of(step);
  return std::move(program_);
}

}  // namespace qtap::rulekit
