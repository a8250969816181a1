// SPDX-License-Identifier: Apache-2.0
#include "plugin/rule_list.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/transaction_head.h"

namespace qtap::plugin {
namespace {

using rulekit::SetHit;
using rulekit::SetMatch;

// Connections differ in few ways; those that differ in more go through all rules each time, which
// costs and changes nothing.
constexpr size_t kMaxRests = 256;

// What an evaluation may read.
struct Sight {
  qtap::FieldSource source;
  FieldStage stage;
  const std::vector<FieldPath>& fields;  // by slot
};

int look_up(void* user, const rulekit::FieldRef& field, rulekit::Scratch& scratch,
            rulekit::Value* ret) {
  const Sight& sight = *static_cast<const Sight*>(user);
  const FieldPath& path = sight.fields[field.slot];
  FieldValue value;
  if (!path.field || !is_settled(*path.field, sight.stage, sight.source) ||
      !read_field(sight.source, path, value)) {
    return QTAP_ERR_NOTFOUND;
  }
  *ret = rule_value(value, scratch);
  return QTAP_OK;
}

// What counts the messages in a body misses those in bytes that were left out.
bool reads_body(std::string_view field) {
  constexpr std::string_view kMessages[] = {"sse.", "grpc.req.", "grpc.res.", "websocket.",
                                            "connection.websocket."};
  const Field* found = find_field(field);
  if (!found) return false;
  const std::string_view name = found->name;
  for (const std::string_view prefix : kMessages) {
    if (name.starts_with(prefix)) return true;
  }
  return name.ends_with(".body") || name.ends_with(".decode_state") ||
         name.ends_with(".decode_error");
}

}  // namespace

RuleList::RuleList(std::shared_ptr<const RuleBook> book,
                   std::vector<std::unique_ptr<const rulekit::Rule>> rules)
    : book_(std::move(book)),
      rules_(std::move(rules)),
      scratch_(std::make_unique<rulekit::SetScratch>()) {
  std::vector<uint32_t> open;
  for (size_t at = 0; at < rules_.size(); ++at) open.push_back(static_cast<uint32_t>(at));
  all_ = make_rest(std::move(open), std::nullopt);
  for (const auto& rule : rules_) {
    const auto names = rule->fields();
    reads_bodies_ |= std::any_of(names.begin(), names.end(), reads_body);
  }
}

std::shared_ptr<const RuleList::Rest> RuleList::make_rest(std::vector<uint32_t> open,
                                                          std::optional<uint32_t> matches) const {
  auto rest = std::make_shared<Rest>();
  std::vector<const rulekit::Rule*> rules;
  for (const uint32_t rule : open) rules.push_back(rules_[rule].get());
  if (!rules.empty()) {
    rest->set = rulekit::RuleSet::create(std::move(rules));
    for (const std::string& name : rest->set->fields()) rest->fields.push_back(parse_field(name));
  }
  rest->open = std::move(open);
  rest->matches = matches;
  return rest;
}

// One that fails for good is not among the hits. Errors are counted when a transaction is decided.
std::shared_ptr<const RuleList::Rest> RuleList::find_rest(const Connection& conn) {
  Sight sight = {{.connection = &conn}, FieldStage::kConnected, all_->fields};
  const rulekit::FieldSource source = {look_up, &sight};
  std::vector<uint32_t> open;
  std::optional<uint32_t> matches;
  for (const SetHit& hit : all_->set->evaluate(SetMatch::kFirst, source, scratch_.get())) {
    if (hit.outcome.pass()) {
      matches = hit.rule;
    } else {
      open.push_back(hit.rule);
    }
  }
  const std::pair key(open, matches.value_or(kNone));
  if (const auto found = rests_.find(key); found != rests_.end()) return found->second;
  auto rest = make_rest(std::move(open), matches);
  if (rests_.size() >= kMaxRests) {
    std::erase_if(rests_, [](const auto& one) { return one.second.use_count() == 1; });
  }
  if (rests_.size() < kMaxRests) rests_.emplace(key, rest);
  return rest;
}

const RuleList::Rest& RuleList::rest_for(const Connection& conn) {
  Known& known = connections_[conn.id];
  // Null also where there was no memory to find it.
  if (!known.rest || known.facts != conn.facts) known = {conn.facts, find_rest(conn)};
  return *known.rest;
}

std::optional<uint32_t> RuleList::decide_early(const Ref<Connection>& conn, Transaction& tx,
                                               FieldStage stage) {
  if (rules_.empty()) return kNone;
  const Rest& rest = rest_for(*conn);
  if (!rest.set) return rest.matches.value_or(kNone);
  return decide(transaction_head(conn, tx), stage, nullptr);
}

std::optional<uint32_t> RuleList::decide(const Transaction& tx, FieldStage stage,
                                         uint64_t* errors) {
  if (rules_.empty()) return kNone;
  const Rest& rest = rest_for(*tx.connection);
  if (!rest.set) return rest.matches.value_or(kNone);
  Sight sight = {{.connection = tx.connection.get(), .transaction = &tx}, stage, rest.fields};
  const rulekit::FieldSource source = {look_up, &sight};
  for (const SetHit& hit : rest.set->evaluate(SetMatch::kFirst, source, scratch_.get())) {
    if (hit.outcome.pass()) return rest.open[hit.rule];
    if (stage != FieldStage::kEnd) return std::nullopt;
    if (errors && hit.outcome.state == rulekit::State::kError) ++*errors;
  }
  return rest.matches.value_or(kNone);
}

}  // namespace qtap::plugin
