// SPDX-License-Identifier: Apache-2.0
// The elements of a constant array, found by hash. Made once, where the array is written; all
// programs of all rules that call the macro it stands in share it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "rulekit/key_table.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

struct Membership {
  KeyTable<std::string_view> texts;
  KeyTable<int64_t> integers;
};

// Borrows texts. Null when there are elements of other types: those may be equal to a string or an
// integer too.
std::unique_ptr<const Membership> membership_of(std::span<const Value> items);

}  // namespace qtap::rulekit
