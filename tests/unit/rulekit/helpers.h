// SPDX-License-Identifier: Apache-2.0
// Rules and fields in one line each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "rulekit/address.h"
#include "rulekit/rule.h"
#include "rulekit/tree.h"

namespace qtap::rulekit::test {

using Fields = std::map<std::string, Value, std::less<>>;

inline FieldSource source(const Fields& fields) {
  auto lookup = [](void* user, const FieldRef& field, Scratch&, Value* ret) {
    const Fields& known = *static_cast<const Fields*>(user);
    const auto it = known.find(field.name);
    if (it == known.end()) return static_cast<int>(QTAP_ERR_NOTFOUND);
    *ret = it->second;
    return static_cast<int>(QTAP_OK);
  };
  return {lookup, const_cast<Fields*>(&fields)};
}

// "true", "false", "unknown" (a field is missing), "error"; or the error of compiling.
inline std::string outcome(std::string_view text, const Fields& fields = {},
                           const CompileOptions& options = {}) {
  const CompileResult compiled = Rule::compile(text, options);
  if (!compiled.rule) return compiled.error.text;
  Scratch scratch;
  const Outcome outcome = compiled.rule->evaluate(source(fields), &scratch);
  if (outcome.state == State::kMissing) return "unknown";
  if (outcome.state == State::kError) return "error";
  return outcome.pass() ? "true" : "false";
}

inline std::string compile_error(std::string_view text) {
  const CompileResult compiled = Rule::compile(text);
  return compiled.rule ? "compiles" : compiled.error.text;
}

inline std::string rendered(std::string_view text) {
  const CompileResult compiled = Rule::compile(text);
  return compiled.rule ? compiled.rule->rendered() : compiled.error.text;
}

inline Value ip(std::string_view text) {
  return Value::ip_address(*parse_ip(text));
}
inline Value cidr(std::string_view text) {
  return *parse_cidr(text);
}

}  // namespace qtap::rulekit::test
