// SPDX-License-Identifier: Apache-2.0
// The distinct fields of one or more rules and of the macros they call, numbered 0, 1, 2, ..: names
// are looked up once, when rules are compiled.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qtap::rulekit {

struct Tree;

class FieldNames {
 public:
  // Borrows the tree (its address is what of() knows it by) and those of its macros.
  void add(const Tree& tree);

  std::span<const std::string> names() const { return names_; }
  // The number of each of Tree::fields. The tree, or a macro that it calls, has been added.
  std::span<const uint32_t> of(const Tree& tree) const { return trees_.at(&tree); }

 private:
  uint32_t number_of(std::string_view name);

  std::vector<std::string> names_;
  std::unordered_map<std::string_view, uint32_t> numbers_;  // keys borrow from the trees
  std::unordered_map<const Tree*, std::vector<uint32_t>> trees_;
};

}  // namespace qtap::rulekit
