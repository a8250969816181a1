// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_names.h"

#include "rulekit/library.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

void FieldNames::add(const Tree& tree) {
  std::vector<const Tree*> left = {&tree};
  while (!left.empty()) {
    const Tree& next = *left.back();
    left.pop_back();
    const auto [entry, is_new] = trees_.try_emplace(&next);
    if (!is_new) continue;
    for (const FieldName& field : next.fields) entry->second.push_back(number_of(field.name));
    for (const Call& call : next.calls) {
      if (call.kind == CalleeKind::kMacro) left.push_back(&next.library->macro(call.index));
    }
  }
}

uint32_t FieldNames::number_of(std::string_view name) {
  const auto [entry, is_new] = numbers_.try_emplace(name, static_cast<uint32_t>(names_.size()));
  if (is_new) names_.emplace_back(name);
  return entry->second;
}

}  // namespace qtap::rulekit
