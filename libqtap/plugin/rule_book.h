// SPDX-License-Identifier: Apache-2.0
// The rules of a configuration, compiled.
// In: RuleText. Out: rulekit rules, errors and warnings that begin with the place in the
// configuration. Owns the macros and field names that its rules borrow: whoever keeps a rule keeps
// the book. Immutable but for compile(), which is for one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/settings.h"
#include "plugin/rule_fields.h"
#include "rulekit/library.h"

namespace qtap::plugin {

class RuleBook {
 public:
  // QTAP_ERR_INVALID, QTAP_ERR_LIMIT, QTAP_ERR_UNSUPPORTED: a macro.
  static Result<std::shared_ptr<RuleBook>> create(const std::vector<RuleText>& macros);

  // The same of a rule. What is odd about it is added to warnings().
  Result<std::unique_ptr<const rulekit::Rule>> compile(const RuleText& text);
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  rulekit::CompileOptions options() const;
  void warn(const RuleText& text, const rulekit::Warning& warning);

  RuleFields fields_;
  std::unique_ptr<const rulekit::Library> macros_;
  std::vector<std::string> warnings_;
};

}  // namespace qtap::plugin
