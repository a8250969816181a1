// SPDX-License-Identifier: Apache-2.0
#include "rulekit/membership.h"

#include <algorithm>

namespace qtap::rulekit {

std::unique_ptr<const Membership> membership_of(std::span<const Value> items) {
  const bool fits = std::all_of(items.begin(), items.end(), [](const Value& item) {
    return item.type == Type::kString || item.type == Type::kInt;
  });
  if (!fits) return nullptr;
  auto members = std::make_unique<Membership>();
  for (const Value& item : items) {
    if (item.type == Type::kString) {
      members->texts.insert(item.str());
    } else {
      members->integers.insert(item.i);
    }
  }
  return members;
}

}  // namespace qtap::rulekit
