// SPDX-License-Identifier: Apache-2.0
#include "plugin/level_rules.h"

#include <algorithm>

namespace qtap::plugin {

std::optional<LevelChoice> LevelRules::choose_early(const Ref<Connection>& conn, Transaction& tx,
                                                    FieldStage stage) {
  const std::optional<uint32_t> rule = rules_.decide_early(conn, tx, stage);
  if (!rule) return std::nullopt;
  return choice(*rule);
}

Level LevelRules::most() const {
  if (rules_.reads_bodies()) return Level::kFull;
  Level most = default_.level;
  for (const LevelChoice& one : choices_) most = std::max(most, one.level);
  return most;
}

Level LevelRules::most_of(const Connection& conn) {
  if (rules_.size() == 0) return default_.level;
  const RuleList::Rest& rest = rules_.rest_for(conn);
  if (!rest.open.empty() && rules_.reads_bodies()) return Level::kFull;
  Level most = choice(rest.matches.value_or(RuleList::kNone)).level;
  for (const uint32_t rule : rest.open) most = std::max(most, choices_[rule].level);
  return most;
}

}  // namespace qtap::plugin
