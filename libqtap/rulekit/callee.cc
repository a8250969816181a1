// SPDX-License-Identifier: Apache-2.0
#include "rulekit/callee.h"

#include <string>
#include <vector>

#include <qtap/base.h>

#include "base/suggest.h"
#include "rulekit/library.h"

namespace qtap::rulekit {

namespace {

std::vector<std::string_view> callable_names(const Library* library) {
  std::vector<std::string_view> names;
  for (const Builtin& builtin : builtins()) names.push_back(builtin.name);
  if (library != nullptr) library->append_names(&names);
  return names;
}

}  // namespace

Call find_callee(std::string_view name, const Library* library) {
  Call call{.name = std::string(name)};
  if (const Builtin* builtin = find_builtin(name)) {
    call.kind = CalleeKind::kBuiltin;
    call.index = static_cast<size_t>(builtin - builtins().data());
  } else if (library != nullptr && library->find_function(name)) {
    call.kind = CalleeKind::kFunction;
    call.index = *library->find_function(name);
  } else if (library != nullptr && library->find_macro(name)) {
    call.kind = CalleeKind::kMacro;
    call.index = *library->find_macro(name);
  }
  return call;
}

Status check_call(const Call& call, size_t argument_count, const CompileOptions& options) {
  const std::string function = "function \"" + call.name + "\"";
  size_t wanted = 0;
  if (call.kind == CalleeKind::kBuiltin) {
    const Builtin& builtin = builtins()[call.index];
    if (builtin.prepare != nullptr) {
      if (const Status status = builtin.prepare(); !status.ok()) {
        return Error{status.error().status, function + ": " + status.error().text};
      }
    }
    wanted = builtin.parameter_count;
  } else if (options.calls == CallCheck::kAtEvaluation) {
    return {};
  } else if (call.kind == CalleeKind::kUnknown) {
    return Error{QTAP_ERR_INVALID,
                 "unknown " + function + did_you_mean(call.name, callable_names(options.library))};
  } else if (call.kind == CalleeKind::kFunction) {
    wanted = options.library->function(call.index).parameters.size();
  }
  if (argument_count == wanted) return {};
  return Error{QTAP_ERR_INVALID,
               (call.kind == CalleeKind::kMacro ? "macro \"" + call.name + "\"" : function) +
                   " takes " + std::to_string(wanted) + (wanted == 1 ? " argument" : " arguments") +
                   ", not " + std::to_string(argument_count)};
}

}  // namespace qtap::rulekit
