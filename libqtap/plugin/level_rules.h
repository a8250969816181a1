// SPDX-License-Identifier: Apache-2.0
// How much of a transaction is kept, and in which form: by the first rule that matches it, else by
// default. What http_capture and access_logs have in common.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "plugin/plugin.h"
#include "plugin/rule_list.h"

namespace qtap::plugin {

enum class ConsoleFormat : uint8_t { kText, kJson };

struct LevelChoice {
  Level level = Level::kNone;
  ConsoleFormat format = ConsoleFormat::kText;
};

class LevelRules {
 public:
  // `choices`: one for each rule.
  explicit LevelRules(LevelChoice by_default, RuleList rules = {},
                      std::vector<LevelChoice> choices = {})
      : default_(by_default), rules_(std::move(rules)), choices_(std::move(choices)) {}

  LevelChoice choose(const Transaction& tx) { return choice(rules_.decide(tx)); }
  // Of one in transfer; nothing: it cannot be told yet.
  std::optional<LevelChoice> choose_early(const Ref<Connection>& conn, Transaction& tx,
                                          FieldStage stage);

  // The most that any transaction can get, and any of a connection.
  Level most() const;
  Level most_of(const Connection& conn);

  void forget(const Connection& conn) { rules_.forget(conn); }
  uint64_t errors() const { return rules_.errors(); }

 private:
  LevelChoice choice(uint32_t rule) const {
    return rule == RuleList::kNone ? default_ : choices_[rule];
  }

  LevelChoice default_;
  RuleList rules_;
  std::vector<LevelChoice> choices_;
};

}  // namespace qtap::plugin
