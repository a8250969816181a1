// SPDX-License-Identifier: Apache-2.0
// Many rules at once: each says exactly what it says alone, but fields and equal parts of rules are
// evaluated once for all of them, and rules that need a field to be equal to, or to begin with, a
// constant cost nothing while it is not (rule_index.h).
// In: compiled rules, fields. Out: SetHits, the rules that do not plainly fail.
// Owns: its program; borrows the rules. Thread: a RuleSet is immutable, any number of threads may
// evaluate it at once, each with a SetScratch of its own.
// Differs from rules alone: a function that several rules call with the same arguments is called
// once, and a field that guards a rule is asked for even where the rule would not come to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rulekit/rule.h"

namespace qtap::rulekit {

class RuleIndex;
class RuleSet;
struct Candidates;
struct Memo;

struct SetHit {
  uint32_t rule = 0;  // its place among the rules of the set
  Outcome outcome;    // passes, or is undecided as the rule alone would be
};

// What one evaluation after the other needs and makes; for any set, and for one thread. Kept, it
// saves allocations: it grows to what its largest set needs.
class SetScratch {
 public:
  SetScratch();
  ~SetScratch();
  SetScratch(const SetScratch&) = delete;
  SetScratch& operator=(const SetScratch&) = delete;

 private:
  friend class RuleSet;

  Scratch scratch_;
  uint64_t epoch_ = 0;  // of the evaluation: memos of another are void
  std::vector<Memo> memos_;
  std::vector<Candidates> lists_;
  std::vector<uint64_t> bits_;
  std::vector<SetHit> hits_;
};

enum class SetMatch : uint8_t {
  kFirst,  // ends with the first rule that passes
  kAll,
};

class RuleSet {
 public:
  // The rules, in this order, must outlive the set; one rule may be in it more than once.
  static std::unique_ptr<const RuleSet> create(std::vector<const Rule*> rules);
  ~RuleSet();
  RuleSet(const RuleSet&) = delete;
  RuleSet& operator=(const RuleSet&) = delete;

  size_t size() const { return rules_.size(); }
  const Rule& rule(size_t number) const { return *rules_[number]; }
  // The fields of all rules, each once: the numbers in a FieldTable and in FieldRef::slot are
  // places in this list. Lives as long as the set.
  std::span<const std::string> fields() const;

  // The rules that pass, lack a field or have an error, in the order of the set; those not told
  // fail. With kFirst nothing after the first that passes is told; undecided ones before it are:
  // whether they let it win is for the caller to say. Hits, and what their values borrow, live
  // until the next evaluation with this scratch. A table never allocates once the scratch has
  // grown; a source does when the set has more than some twenty fields.
  std::span<const SetHit> evaluate(SetMatch match, const FieldSource& fields,
                                   SetScratch* scratch) const;
  std::span<const SetHit> evaluate(SetMatch match, FieldTable fields, SetScratch* scratch) const;

  // One rule of the set with the set's fields, with what is missing or wrong (`report`, optional)
  // and what decided it or is left of it (`residue`, optional), as Rule::evaluate().
  Outcome explain(size_t number, const FieldSource& fields, Scratch* scratch, Report* report,
                  Residue* residue = nullptr) const;
  Outcome explain(size_t number, FieldTable fields, Scratch* scratch, Report* report,
                  Residue* residue = nullptr) const;

 private:
  explicit RuleSet(std::vector<const Rule*> rules);
  std::span<const SetHit> evaluate(SetMatch match, FieldFrame* fields, SetScratch* scratch) const;
  // Hits of rules that pass with a plain true.
  static std::span<const SetHit> hits_of(SetMatch match, std::span<const uint32_t> pass,
                                         SetScratch* scratch);
  [[gnu::noinline]] std::span<const SetHit> evaluate_all(SetMatch match, FieldTable fields,
                                                         SetScratch* scratch) const;

  std::vector<const Rule*> rules_;
  std::unique_ptr<const FieldNames> names_;
  std::unique_ptr<const Program> program_;
  std::vector<std::optional<uint32_t>> roots_;  // nothing: the rule is evaluated from its tree
  std::unique_ptr<const RuleIndex> index_;
};

}  // namespace qtap::rulekit
