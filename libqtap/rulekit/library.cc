// SPDX-License-Identifier: Apache-2.0
#include "rulekit/library.h"

#include <algorithm>

#include "rulekit/chars.h"
#include "rulekit/limits.h"
#include "rulekit/parser.h"

namespace qtap::rulekit {

namespace {

bool is_callable_name(std::string_view name) {
  return !name.empty() && starts_name(name[0]) &&
         std::all_of(name.begin(), name.end(), in_function_name);
}

std::optional<size_t> find(const std::unordered_map<std::string_view, size_t>& numbers,
                           std::string_view name) {
  const auto it = numbers.find(name);
  if (it == numbers.end()) return std::nullopt;
  return it->second;
}

Error name_error(const char* what, const std::string& name, const char* why) {
  return Error{QTAP_ERR_INVALID, std::string(what) + " \"" + name + "\": " + why};
}

}  // namespace

Result<std::unique_ptr<const Library>> Library::create(std::vector<MacroText> macros,
                                                       std::vector<Function> functions,
                                                       const CompileOptions& options) {
  if (macros.size() > kMaxMacros || functions.size() > kMaxFunctions) {
    return Error{QTAP_ERR_LIMIT, "too many macros or functions: at most " +
                                     std::to_string(kMaxMacros) + " of each"};
  }
  std::unique_ptr<Library> library(new Library);
  library->functions_ = std::move(functions);
  for (size_t at = 0; at < library->functions_.size(); ++at) {
    library->function_numbers_.try_emplace(library->functions_[at].name, at);
  }
  for (const MacroText& macro : macros) library->macro_names_.push_back(macro.name);
  for (size_t at = 0; at < library->macro_names_.size(); ++at) {
    library->macro_numbers_.try_emplace(library->macro_names_[at], at);
  }
  QTAP_CHECK(library->check_names());
  CompileOptions with_library = options;
  with_library.library = library.get();
  for (const MacroText& macro : macros) {
    ParseResult parsed = parse(macro.text, with_library);
    if (!parsed.tree) {
      return Error{parsed.error.status, "macro \"" + macro.name + "\": " + parsed.error.text};
    }
    library->macros_.push_back(std::move(parsed.tree));
  }
  QTAP_CHECK(library->check_circles());
  return std::unique_ptr<const Library>(std::move(library));
}

std::optional<size_t> Library::find_macro(std::string_view name) const {
  return find(macro_numbers_, name);
}

std::optional<size_t> Library::find_function(std::string_view name) const {
  return find(function_numbers_, name);
}

std::string_view Library::name_of(const Tree& macro) const {
  for (size_t at = 0; at < macros_.size(); ++at) {
    if (macros_[at].get() == &macro) return macro_names_[at];
  }
  return {};
}

void Library::append_names(std::vector<std::string_view>* names) const {
  names->insert(names->end(), macro_names_.begin(), macro_names_.end());
  for (const Function& function : functions_) names->push_back(function.name);
}

Status Library::check_names() const {
  for (size_t at = 0; at < functions_.size(); ++at) {
    const Function& function = functions_[at];
    if (!is_callable_name(function.name)) {
      return name_error("function", function.name, "the name must be letters, digits and _");
    }
    if (find_builtin(function.name) != nullptr) {
      return name_error("function", function.name, "a built-in function has this name");
    }
    if (function.body == nullptr) return name_error("function", function.name, "it has no body");
    if (*find_function(function.name) != at) {
      return name_error("function", function.name, "it is defined twice");
    }
  }
  for (size_t at = 0; at < macro_names_.size(); ++at) {
    const std::string& name = macro_names_[at];
    if (!is_callable_name(name)) {
      return name_error("macro", name, "the name must be letters, digits and _");
    }
    if (find_builtin(name) != nullptr || find_function(name)) {
      return name_error("macro", name, "a function has this name");
    }
    if (*find_macro(name) != at) return name_error("macro", name, "it is defined twice");
  }
  return {};
}

// Takes away macros that call only what is already taken away; what remains is in, or leads to, a
// circle. Each call is looked at twice, whatever the order of the macros.
Status Library::check_circles() const {
  std::vector<std::vector<size_t>> callers(macros_.size());
  std::vector<size_t> waits_for(macros_.size(), 0);  // calls that are not settled
  std::vector<size_t> ready;
  for (size_t at = 0; at < macros_.size(); ++at) {
    for (const Call& call : macros_[at]->calls) {
      if (call.kind != CalleeKind::kMacro) continue;
      callers[call.index].push_back(at);
      ++waits_for[at];
    }
    if (waits_for[at] == 0) ready.push_back(at);
  }
  std::vector<bool> settled(macros_.size(), false);
  while (!ready.empty()) {
    const size_t next = ready.back();
    ready.pop_back();
    settled[next] = true;
    for (const size_t caller : callers[next]) {
      if (--waits_for[caller] == 0) ready.push_back(caller);
    }
  }
  const auto stuck = std::find(settled.begin(), settled.end(), false);
  if (stuck == settled.end()) return {};
  return name_error("macro", macro_names_[static_cast<size_t>(stuck - settled.begin())],
                    "it calls itself, directly or through other macros");
}

}  // namespace qtap::rulekit
