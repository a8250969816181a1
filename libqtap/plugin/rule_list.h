// SPDX-License-Identifier: Apache-2.0
// A list of rules of which the first that matches a transaction decides, as early as that can be
// told.
// In: compiled rules, connections and transactions. Out: which rule it is.
// A rule that the facts of a connection decide is not evaluated again for its transactions, as long
// as these facts (Connection::facts) are what they were. A rule says the same early as in the end:
// early it reads only fields that are settled (model/field_table.h), and what misses a field
// decides nothing that the field could change. Owns its rules and what it keeps per open
// connection, until forget(). Thread: the shard's. An evaluation that fails matches nothing and is
// counted.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/field_table.h"
#include "plugin/rule_book.h"
#include "rulekit/rule_set.h"

namespace qtap::plugin {

class RuleList {
 public:
  RuleList() = default;  // no rule
  RuleList(std::shared_ptr<const RuleBook> book,
           std::vector<std::unique_ptr<const rulekit::Rule>> rules);

  size_t size() const { return rules_.size(); }
  // Whether some rule reads what is in a body, or counts what is.
  bool reads_bodies() const { return reads_bodies_; }

  // The rules that may still decide a transaction of a connection.
  struct Rest {
    std::vector<uint32_t> open;       // not decided by its facts, in order
    std::optional<uint32_t> matches;  // the facts match this one, which comes behind all of these
    std::unique_ptr<const rulekit::RuleSet> set;  // of `open`; null: there is none
    std::vector<FieldPath> fields;                // of `set`
  };
  const Rest& rest_for(const Connection& conn);

  static constexpr uint32_t kNone = UINT32_MAX;  // no rule matches
  // The first that matches a transaction that is over.
  uint32_t decide(const Transaction& tx) { return *decide(tx, FieldStage::kEnd, &errors_); }
  // The same of one in transfer; nothing: what is known up to `stage` does not tell. Failures are
  // left for decide() to count.
  std::optional<uint32_t> decide_early(const Ref<Connection>& conn, Transaction& tx,
                                       FieldStage stage);

  void forget(const Connection& conn) { connections_.erase(conn.id); }
  uint64_t errors() const { return errors_; }

 private:
  struct Known {
    uint32_t facts = 0;
    std::shared_ptr<const Rest> rest;
  };

  std::optional<uint32_t> decide(const Transaction& tx, FieldStage stage, uint64_t* errors);
  std::shared_ptr<const Rest> make_rest(std::vector<uint32_t> open,
                                        std::optional<uint32_t> matches) const;
  std::shared_ptr<const Rest> find_rest(const Connection& conn);

  std::shared_ptr<const RuleBook> book_;
  std::vector<std::unique_ptr<const rulekit::Rule>> rules_;
  bool reads_bodies_ = false;
  std::shared_ptr<const Rest> all_;
  // What connections share, at most kMaxRests of them; beyond that a connection has its own.
  std::map<std::pair<std::vector<uint32_t>, uint32_t>, std::shared_ptr<const Rest>> rests_;
  std::unordered_map<std::string, Known> connections_;  // by id
  std::unique_ptr<rulekit::SetScratch> scratch_;
  uint64_t errors_ = 0;
};

}  // namespace qtap::plugin
