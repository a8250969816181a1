// SPDX-License-Identifier: Apache-2.0
// The fields of docs/fields.md as rulekit sees them.
// In: the field table, values read by it. Out: what rulekit knows of fields, and its values. Owns
// the names that KnownField borrows. Any thread.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "model/field_table.h"
#include "rulekit/function.h"
#include "rulekit/rule.h"

namespace qtap::plugin {

struct RuleFields {
  std::deque<std::string> names;
  std::vector<rulekit::KnownField> known;

  void add(std::string name, rulekit::Type type) {
    known.push_back({names.emplace_back(std::move(name)), type});
  }
};

// Those of a transaction and its connection, in every spelling.
void add_transaction_fields(RuleFields* ret);

// Borrows from what `from` borrows from, and from `scratch`.
rulekit::Value rule_value(const FieldValue& from, rulekit::Scratch& scratch);

}  // namespace qtap::plugin
