// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h: many rules at once.
#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "capi/boundary.h"
#include "capi/rule_handles.h"
#include "rulekit/rule_set.h"

namespace qtap::capi {

namespace {

// Scratch memory that evaluations leave to the next ones, as many as ran at the same time.
class ScratchPool {
 public:
  std::unique_ptr<rulekit::SetScratch> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<rulekit::SetScratch> scratch = std::move(free_.back());
        free_.pop_back();
        return scratch;
      }
    }
    return std::make_unique<rulekit::SetScratch>();
  }
  void give_back(std::unique_ptr<rulekit::SetScratch> scratch) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<rulekit::SetScratch>> free_;
};

// A rule and the names that it borrows from.
struct Kept {
  std::shared_ptr<const RuleNames> names;
  std::shared_ptr<const rulekit::Rule> rule;
};

}  // namespace

}  // namespace qtap::capi

struct qtap_rule_set {
  std::vector<qtap::capi::Kept> rules;
  std::unique_ptr<const qtap::rulekit::RuleSet> set;  // borrows from the rules
  mutable qtap::capi::ScratchPool pool;
};

namespace qtap::capi {

namespace {

int make_set(std::span<const qtap_rule* const> rules, qtap_rule_set** ret) {
  auto set = std::make_unique<qtap_rule_set>();
  std::vector<const rulekit::Rule*> borrowed;
  for (const qtap_rule* rule : rules) {
    if (rule == nullptr) return QTAP_ERR_INVALID;
    set->rules.push_back({rule->names, rule->rule});
    borrowed.push_back(rule->rule.get());
  }
  set->set = rulekit::RuleSet::create(std::move(borrowed));
  *ret = set.release();
  return QTAP_OK;
}

int evaluate(const qtap_rule_set& set, uint32_t flags, const Host& host,
             std::span<qtap_rule_hit> hits, size_t* ret_count) {
  std::unique_ptr<rulekit::SetScratch> scratch = set.pool.take();
  const bool all = (flags & QTAP_RULE_SET_ALL) != 0;
  const auto found = set.set->evaluate(all ? rulekit::SetMatch::kAll : rulekit::SetMatch::kFirst,
                                       source_of(host), scratch.get());
  const size_t told = std::min(found.size(), hits.size());
  for (size_t at = 0; at < told; ++at) {
    const bool failed = found[at].outcome.state == rulekit::State::kError;
    hits[at] = {found[at].rule, outcome_of(found[at].outcome),
                failed ? found[at].outcome.status : 0};
  }
  *ret_count = found.size();
  set.pool.give_back(std::move(scratch));
  return told < *ret_count ? QTAP_WARN_PARTIAL : QTAP_OK;
}

}  // namespace

}  // namespace qtap::capi

extern "C" {

int qtap_rule_set_new(const qtap_rule* const* rules, size_t count, qtap_rule_set** ret) {
  if ((rules == nullptr && count > 0) || ret == nullptr) return QTAP_ERR_INVALID;
  return qtap::capi::guard([&] { return qtap::capi::make_set({rules, count}, ret); });
}

int qtap_rule_set_field_at(const qtap_rule_set* set, size_t index, struct qtap_str* ret) {
  if (set == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (index >= set->set->fields().size()) return QTAP_ERR_NOTFOUND;
  *ret = qtap::capi::str_of(set->set->fields()[index]);
  return QTAP_OK;
}

int qtap_rule_set_eval(const qtap_rule_set* set, uint32_t flags, qtap_lookup_fn lookup, void* user,
                       struct qtap_rule_hit* hits, size_t room, size_t* ret_count) {
  if (set == nullptr || lookup == nullptr || (hits == nullptr && room > 0) ||
      ret_count == nullptr || (flags & ~uint32_t{QTAP_RULE_SET_ALL}) != 0) {
    return QTAP_ERR_INVALID;
  }
  return qtap::capi::guard([&] {
    return qtap::capi::evaluate(*set, flags, {lookup, user}, {hits, room}, ret_count);
  });
}

void qtap_rule_set_free(qtap_rule_set* set) {
  delete set;
}

}  // extern "C"
