// SPDX-License-Identifier: Apache-2.0
// The names that rules may call beside the built-in functions: macros and host functions. Made
// once, immutable, shared by many rules, which borrow it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "rulekit/function.h"
#include "rulekit/rule.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

struct MacroText {
  std::string name;
  std::string text;
};

class Library {
 public:
  // Macros may call each other in any order, but not in a circle. An error names the macro or
  // function. Of the options the library is not read.
  static Result<std::unique_ptr<const Library>> create(std::vector<MacroText> macros,
                                                       std::vector<Function> functions,
                                                       const CompileOptions& options = {});

  std::optional<size_t> find_macro(std::string_view name) const;
  std::optional<size_t> find_function(std::string_view name) const;
  void append_names(std::vector<std::string_view>* names) const;  // of all macros and functions
  const Function& function(size_t index) const { return functions_[index]; }
  const Tree& macro(size_t index) const { return *macros_[index]; }
  const std::string& macro_name(size_t index) const { return macro_names_[index]; }
  std::string_view name_of(const Tree& macro) const;  // "" = it is not one of these macros

 private:
  Library() = default;
  Status check_names() const;
  Status check_circles() const;

  std::vector<std::string> macro_names_;
  // Macros and functions by name. Keys borrow from macro_names_ and functions_, which stay as they
  // are; of equal names the first.
  std::unordered_map<std::string_view, size_t> macro_numbers_;
  std::unordered_map<std::string_view, size_t> function_numbers_;
  std::vector<std::unique_ptr<const Tree>> macros_;
  std::vector<Function> functions_;
};

}  // namespace qtap::rulekit
