// SPDX-License-Identifier: Apache-2.0
#include "rulekit/rule_index.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "rulekit/limits.h"
#include "rulekit/pattern.h"

namespace qtap::rulekit {

namespace {

size_t key_count(const Guard& guard) {
  return guard.texts.size() + guard.integers.size() + guard.prefixes.size();
}

template <typename T>
void append(std::vector<T>* to, const std::vector<T>& from) {
  to->insert(to->end(), from.begin(), from.end());
}

// `and` is false when one side is: the side with the fewest keys is the guard.
std::optional<Guard> guard_of_and(const Program& program, std::span<const StepId> children) {
  std::optional<Guard> best;
  size_t fewest = SIZE_MAX;
  for (const StepId child : children) {
    auto guard = guard_of(program, child);
    if (!guard || key_count(*guard) >= fewest) continue;
    fewest = key_count(*guard);
    best = std::move(guard);
  }
  if (best) best->decides = false;
  return best;
}

// `or` is false when all sides are, which one value tells only if all sides ask the same field.
std::optional<Guard> guard_of_or(const Program& program, std::span<const StepId> children) {
  std::optional<Guard> all;
  for (const StepId child : children) {
    auto guard = guard_of(program, child);
    if (!guard || (all && all->field != guard->field)) return std::nullopt;
    if (!all) {
      all = std::move(guard);
      continue;
    }
    append(&all->texts, guard->texts);
    append(&all->integers, guard->integers);
    append(&all->prefixes, guard->prefixes);
    if (key_count(*all) > kMaxGuardKeys) return std::nullopt;
    all->strings_only = all->strings_only || guard->strings_only;
    all->decides = all->decides && guard->decides;
  }
  return all;
}

std::optional<Guard> guard_of_regex(uint32_t field, const Pattern& pattern) {
  if (pattern.literals() == nullptr) return std::nullopt;
  Guard guard{.field = field};
  for (const LiteralChoice& choice : *pattern.literals()) {
    if (!choice.at_begin) return std::nullopt;
    (choice.at_end ? guard.texts : guard.prefixes).push_back(choice.text);
  }
  return guard;
}

void add_once(std::vector<uint32_t>* rules, uint32_t rule) {
  if (rules->empty() || rules->back() != rule) rules->push_back(rule);
}

template <typename Key>
void add_key(KeyTable<Key>* keys, std::vector<std::vector<uint32_t>>* lists, Key key,
             uint32_t rule) {
  const uint32_t number = keys->insert(key);
  if (number == lists->size()) lists->emplace_back();
  add_once(&(*lists)[number], rule);
}

}  // namespace

std::optional<Guard> guard_of(const Program& program, StepId id) {
  const Step& step = program.steps[id];
  const auto children = std::span(program.step_lists);
  switch (step.kind) {
    case StepKind::kShared:
      return guard_of(program, step.child);
    case StepKind::kAnd:
      return guard_of_and(program, children.subspan(step.list.first, step.list.count));
    case StepKind::kOr:
      return guard_of_or(program, children.subspan(step.list.first, step.list.count));
    case StepKind::kEqualText:
      if (step.negated) return std::nullopt;
      return Guard{.field = step.field, .texts = {step.constant->str()}};
    case StepKind::kOrder:
      if (step.op != Op::kEq || step.constant->type != Type::kInt) return std::nullopt;
      return Guard{.field = step.field, .integers = {step.constant->i}};
    case StepKind::kAmong: {
      const Membership& members = *program.memberships[step.index];
      if (members.texts.keys().size() + members.integers.keys().size() > kMaxGuardKeys) {
        return std::nullopt;
      }
      return Guard{
          .field = step.field, .texts = members.texts.keys(), .integers = members.integers.keys()};
    }
    case StepKind::kFound:
      if (step.negated) return std::nullopt;
      return guard_of_regex(step.field, *step.constant->pattern);
    case StepKind::kStartsWith:
      return Guard{.field = step.field, .prefixes = {step.constant->str()}, .strings_only = true};
    default:
      return std::nullopt;
  }
}

RuleIndex::RuleIndex(const Program& program, std::span<const std::optional<StepId>> roots) {
  std::unordered_map<uint32_t, size_t> group_of;  // by field
  size_t keys_left = kMaxIndexKeys;
  for (uint32_t rule = 0; rule < roots.size(); ++rule) {
    std::optional<Guard> guard;
    if (roots[rule]) guard = guard_of(program, *roots[rule]);
    const size_t keys = guard ? key_count(*guard) : SIZE_MAX;
    if (keys > keys_left) {
      decides_.push_back(false);
      unguarded_.push_back(rule);
      continue;
    }
    keys_left -= keys;
    decides_.push_back(guard->decides);
    const auto [known, is_new] = group_of.try_emplace(guard->field, groups_.size());
    if (is_new) groups_.emplace_back().field = guard->field;
    add(rule, *guard, &groups_[known->second]);
  }
  for (Group& group : groups_) link_prefixes(&group.prefixes);
  one_text_settles_ = texts_settle();
}

bool RuleIndex::texts_settle() const {
  return groups_.size() == 1 && groups_[0].prefixes.empty() &&
         std::find(decides_.begin(), decides_.end(), false) == decides_.end();
}

bool RuleIndex::settles(const Value* value, std::span<const uint32_t>* pass) const {
  const Group& group = groups_.front();
  if (value == nullptr || value->type != Type::kString) return false;
  const uint32_t number = group.texts.find(value->str());
  if (number != KeyTable<std::string_view>::kNone) *pass = group.text_rules[number];
  return true;
}

void RuleIndex::add(uint32_t rule, const Guard& guard, Group* group) {
  group->all.push_back(rule);
  if (guard.strings_only) group->strings_only.push_back(rule);
  for (const std::string_view text : guard.texts) {
    add_key(&group->texts, &group->text_rules, text, rule);
  }
  for (const int64_t integer : guard.integers) {
    add_key(&group->integers, &group->integer_rules, integer, rule);
  }
  for (const std::string_view prefix : guard.prefixes) {
    group->prefixes.push_back({.text = prefix, .rules = {rule}});
  }
}

// Sorts, makes one of equal texts, and finds the parents. What begins with a text stands right
// behind it.
void RuleIndex::link_prefixes(std::vector<Prefix>* prefixes) {
  std::stable_sort(prefixes->begin(), prefixes->end(),
                   [](const Prefix& a, const Prefix& b) { return a.text < b.text; });
  std::vector<Prefix> linked;
  for (Prefix& prefix : *prefixes) {
    if (!linked.empty() && linked.back().text == prefix.text) {
      add_once(&linked.back().rules, prefix.rules[0]);
      continue;
    }
    uint32_t parent = static_cast<uint32_t>(linked.size()) - 1;  // none is UINT32_MAX
    while (parent != UINT32_MAX && !prefix.text.starts_with(linked[parent].text)) {
      parent = linked[parent].parent;
    }
    prefix.parent = parent;
    linked.push_back(std::move(prefix));
  }
  *prefixes = std::move(linked);
}

void RuleIndex::by_text(const Group& group, std::string_view text, std::vector<Candidates>* lists) {
  const uint32_t number = group.texts.find(text);
  if (number != KeyTable<std::string_view>::kNone)
    lists->push_back({group.text_rules[number], /*by_key=*/true});
  if (group.prefixes.empty()) return;
  // The last that is not behind the text, or one that it begins with, is the longest prefix of it:
  // whatever stands between a prefix of the text and the text begins with that prefix too.
  const auto behind = std::upper_bound(
      group.prefixes.begin(), group.prefixes.end(), text,
      [](std::string_view value, const Prefix& prefix) { return value < prefix.text; });
  uint32_t at = static_cast<uint32_t>(behind - group.prefixes.begin()) - 1;
  for (; at != UINT32_MAX; at = group.prefixes[at].parent) {
    if (!text.starts_with(group.prefixes[at].text)) continue;
    lists->push_back({group.prefixes[at].rules, /*by_key=*/true});
  }
}

void RuleIndex::candidates(FieldFrame* fields, std::vector<Candidates>* lists) const {
  if (!unguarded_.empty()) lists->push_back({unguarded_});
  for (const Group& group : groups_) {
    const Value* value = fields->get(group.field);
    if (value != nullptr && value->type == Type::kString) {
      by_text(group, value->str(), lists);
    } else if (value != nullptr && value->type == Type::kInt) {
      const uint32_t number = group.integers.find(value->i);
      if (number != KeyTable<int64_t>::kNone)
        lists->push_back({group.integer_rules[number], /*by_key=*/true});
      if (!group.strings_only.empty()) lists->push_back({group.strings_only});
    } else {
      lists->push_back({group.all});  // missing, failed, or of a type that compares otherwise
    }
  }
}

}  // namespace qtap::rulekit
