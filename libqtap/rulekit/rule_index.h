// SPDX-License-Identifier: Apache-2.0
// Which rules of a set can pass at all: those that need one field to be equal to, or to begin with,
// one of some constants are found by the field's value, not by asking each of them.
// In: steps of a Program and where each rule begins. Out: rules that must be evaluated; all others
// fail. Thread: immutable.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "rulekit/field_frame.h"
#include "rulekit/key_table.h"
#include "rulekit/program.h"

namespace qtap::rulekit {

struct Candidates {
  std::span<const uint32_t> rules;  // ascending, each once
  bool by_key = false;              // the field has a value that they want
};

// A step that is false for every string and every int64 in the field but these.
struct Guard {
  uint32_t field = 0;
  std::vector<std::string_view> texts = {};
  std::vector<int64_t> integers = {};
  std::vector<std::string_view> prefixes = {};
  bool strings_only = false;  // starts_with(): the text of an integer may begin so too
  bool decides = true;        // with one of them the step is true, a plain bool
};

std::optional<Guard> guard_of(const Program& program, StepId step);

class RuleIndex {
 public:
  // `roots`: nothing for a rule that has no program, which must always be evaluated. Borrows the
  // constants of the program.
  RuleIndex(const Program& program, std::span<const std::optional<StepId>> roots);

  // Whether the rule passes whenever it is a candidate by key.
  bool decides(uint32_t rule) const { return decides_[rule]; }
  // Whether the text of one field, settling_field(), may say of all rules whether they pass.
  bool may_settle() const { return one_text_settles_; }
  uint32_t settling_field() const { return groups_.front().field; }
  // True: this value of it does, and `pass` are the rules that pass. Null: it is not known.
  // Precondition: may_settle().
  bool settles(const Value* value, std::span<const uint32_t>* pass) const;
  // Adds lists that together hold all rules that may not fail; a rule may be in several. Asks for
  // the fields that guard rules.
  void candidates(FieldFrame* fields, std::vector<Candidates>* lists) const;

 private:
  // With the same text as key, prefix: rules. Sorted by text; `parent` is the longest other prefix
  // that is a prefix of this one.
  struct Prefix {
    std::string_view text;
    uint32_t parent = UINT32_MAX;
    std::vector<uint32_t> rules;
  };
  // All rules with a guard on one field.
  struct Group {
    uint32_t field = 0;
    std::vector<uint32_t> all;
    std::vector<uint32_t> strings_only;
    KeyTable<std::string_view> texts;
    std::vector<std::vector<uint32_t>> text_rules;  // by number of the text
    KeyTable<int64_t> integers;
    std::vector<std::vector<uint32_t>> integer_rules;
    std::vector<Prefix> prefixes;
  };

  void add(uint32_t rule, const Guard& guard, Group* group);
  static void link_prefixes(std::vector<Prefix>* prefixes);
  static void by_text(const Group& group, std::string_view text, std::vector<Candidates>* lists);

  // All rules are guarded by texts of one field that decide them.
  bool texts_settle() const;

  bool one_text_settles_ = false;
  std::vector<bool> decides_;
  std::vector<uint32_t> unguarded_;
  std::vector<Group> groups_;
};

}  // namespace qtap::rulekit
