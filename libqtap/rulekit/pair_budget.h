// SPDX-License-Identifier: Apache-2.0
// What comparing lists with lists may cost one evaluation: every element meets every other, the one
// operation that takes longer than rule and fields are long.
#pragma once

#include <cstddef>

#include "rulekit/limits.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

class PairBudget {
 public:
  // False when comparing these two would pass kMaxListPairs.
  bool take(const Value& left, const Value& right) {
    return !left.is_list() || !right.is_list() || take_lists(left, right);
  }
  // Grows with whatever depended on what was left: by what was taken, and by each refusal.
  size_t mark() const { return used_ + refused_; }

 private:
  bool take_lists(const Value& left, const Value& right) {
    const size_t pairs = leaves(left) * leaves(right);
    if (pairs > kMaxListPairs - used_) {
      ++refused_;
      return false;
    }
    used_ += pairs;
    return true;
  }
  // How many comparisons one with a single value takes. Values are at most kMaxListItems per
  // element, so the product of two fits 64 bits.
  static size_t leaves(const Value& value) {
    if (!value.is_list()) return 1;
    size_t sum = 1;
    for (const Value& item : value.elements()) sum += leaves(item);
    return sum;
  }

  size_t used_ = 0;
  size_t refused_ = 0;
};

}  // namespace qtap::rulekit
