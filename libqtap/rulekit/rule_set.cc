// SPDX-License-Identifier: Apache-2.0
#include "rulekit/rule_set.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "rulekit/field_names.h"
#include "rulekit/program_builder.h"
#include "rulekit/program_run.h"
#include "rulekit/rule_index.h"

namespace qtap::rulekit {

namespace {

// Calls `take` with the numbers in any of the lists, ascending, each once, until it says no.
template <typename Take>
void for_each_once(std::span<const Candidates> lists, std::vector<uint64_t>* bits, Take take) {
  if (lists.size() == 1) {
    for (const uint32_t number : lists[0].rules) {
      if (!take(number, lists[0].by_key)) return;
    }
    return;
  }
  if (lists.empty()) return;
  constexpr uint32_t kWord = 64;
  uint32_t last = 0;
  for (const Candidates& list : lists) last = std::max(last, list.rules.back());
  bits->assign(last / kWord + 1, 0);
  for (const Candidates& list : lists) {
    for (const uint32_t number : list.rules)
      (*bits)[number / kWord] |= uint64_t{1} << number % kWord;
  }
  for (uint32_t at = 0; at < bits->size(); ++at) {
    for (uint64_t word = (*bits)[at]; word != 0; word &= word - 1) {
      if (!take(at * kWord + static_cast<uint32_t>(std::countr_zero(word)), /*by_key=*/false)) {
        return;
      }
    }
  }
}

}  // namespace

SetScratch::SetScratch() = default;
SetScratch::~SetScratch() = default;

RuleSet::RuleSet(std::vector<const Rule*> rules) : rules_(std::move(rules)) {
  auto names = std::make_unique<FieldNames>();
  for (const Rule* rule : rules_) names->add(rule->tree());
  names_ = std::move(names);
  ProgramBuilder builder(*names_, Sharing::kEqualParts);
  for (const Rule* rule : rules_) roots_.push_back(builder.add(rule->tree()));
  program_ = std::make_unique<Program>(builder.finish());
  index_ = std::make_unique<RuleIndex>(*program_, roots_);
}

RuleSet::~RuleSet() = default;

std::unique_ptr<const RuleSet> RuleSet::create(std::vector<const Rule*> rules) {
  return std::unique_ptr<const RuleSet>(new RuleSet(std::move(rules)));
}

std::span<const std::string> RuleSet::fields() const {
  return names_->names();
}

std::span<const SetHit> RuleSet::evaluate(SetMatch match, const FieldSource& fields,
                                          SetScratch* scratch) const {
  scratch->scratch_.reset();
  FieldFrame frame(fields, names_->names(), &scratch->scratch_);
  if (index_->may_settle()) {
    std::span<const uint32_t> pass;
    // A frame asks once: what it says is not asked for again when it settles nothing.
    if (index_->settles(frame.get(index_->settling_field()), &pass)) {
      return hits_of(match, pass, scratch);
    }
  }
  return evaluate(match, &frame, scratch);
}

std::span<const SetHit> RuleSet::evaluate(SetMatch match, FieldTable fields,
                                          SetScratch* scratch) const {
  assert(fields.size() >= names_->names().size());  // an entry for each, null for an unknown one
  std::span<const uint32_t> pass;
  if (!index_->may_settle() || !index_->settles(fields[index_->settling_field()], &pass)) {
    return evaluate_all(match, fields, scratch);
  }
  return hits_of(match, pass, scratch);
}

std::span<const SetHit> RuleSet::hits_of(SetMatch match, std::span<const uint32_t> pass,
                                         SetScratch* scratch) {
  scratch->hits_.clear();
  if (match == SetMatch::kFirst && !pass.empty()) pass = pass.first(1);
  for (const uint32_t number : pass) {
    SetHit& hit = scratch->hits_.emplace_back();
    hit.rule = number;
    hit.outcome.value.type = Type::kBool;
    hit.outcome.value.b = true;
  }
  return scratch->hits_;
}

// Apart: the shorter way need not make room for the frame of the fields.
std::span<const SetHit> RuleSet::evaluate_all(SetMatch match, FieldTable fields,
                                              SetScratch* scratch) const {
  scratch->scratch_.reset();
  FieldFrame frame(fields);
  return evaluate(match, &frame, scratch);
}

std::span<const SetHit> RuleSet::evaluate(SetMatch match, FieldFrame* fields,
                                          SetScratch* scratch) const {
  if (scratch->memos_.size() < program_->memos) scratch->memos_.resize(program_->memos);
  scratch->hits_.clear();
  scratch->lists_.clear();
  index_->candidates(fields, &scratch->lists_);
  ProgramRun run(*program_, fields, &scratch->scratch_, scratch->memos_.data(), ++scratch->epoch_);
  const auto walk = [&](uint32_t number) {
    const Outcome outcome =
        evaluate_tree(rules_[number]->tree(), *names_, fields, &scratch->scratch_, nullptr);
    if (outcome.fail()) return true;
    scratch->hits_.push_back({number, outcome});
    return match == SetMatch::kAll || !outcome.ok();
  };
  for_each_once(scratch->lists_, &scratch->bits_, [&](uint32_t number, bool by_key) {
    if (!roots_[number]) return walk(number);
    StepResult result{.truth = true};
    if (!by_key || !index_->decides(number)) result = run.rule(*roots_[number]);
    if (result.fail()) return true;
    SetHit& hit = scratch->hits_.emplace_back();
    hit.rule = number;
    result.tell(&hit.outcome);
    return match == SetMatch::kAll || !result.ok();
  });
  return scratch->hits_;
}

Outcome RuleSet::explain(size_t number, const FieldSource& fields, Scratch* scratch, Report* report,
                         Residue* residue) const {
  FieldFrame frame(fields, names_->names(), scratch);
  return evaluate_tree(rules_[number]->tree(), *names_, &frame, scratch, report, residue);
}

Outcome RuleSet::explain(size_t number, FieldTable fields, Scratch* scratch, Report* report,
                         Residue* residue) const {
  assert(fields.size() >= names_->names().size());  // an entry for each, null for an unknown one
  FieldFrame frame(fields);
  return evaluate_tree(rules_[number]->tree(), *names_, &frame, scratch, report, residue);
}

}  // namespace qtap::rulekit
