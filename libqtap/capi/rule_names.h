// SPDX-License-Identifier: Apache-2.0
// What a library of rules keeps of the host's names.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <qtap/base.h>
#include <qtap/rulekit.h>

#include "base/result.h"
#include "plugin/rule_fields.h"
#include "rulekit/library.h"

namespace qtap::capi {

struct Parameter {
  std::string name;
  uint32_t types;
};

struct HostFunction {
  std::string name;
  std::vector<Parameter> parameters;
  qtap_rule_function_fn call;
  void* user;
};

// Owns what the library and the options of its rules borrow.
struct RuleNames {
  std::deque<HostFunction> functions;
  plugin::RuleFields fields;
  bool unknown_fields_fail = false;
  std::unique_ptr<const rulekit::Library> library;
};

inline Error bad_names(const std::string& what) {
  return Error{"QT142", QTAP_ERR_INVALID, "make a rule library: " + what};
}
inline Error bad_entry(const char* list, size_t index, const char* what) {
  return bad_names(std::string(list) + "[" + std::to_string(index) + "]: " + what);
}
inline Error too_new(const std::string& what) {
  return Error{"QT143", QTAP_ERR_UNSUPPORTED,
               "make a rule library: " + what + " is not known to libqtap " QTAP_VERSION};
}

Status take_fields(const qtap_rule_names& from, RuleNames* names);

}  // namespace qtap::capi
