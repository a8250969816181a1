// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h over the engine in rulekit/.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <qtap/rulekit.h>

#include "capi/boundary.h"
#include "rulekit/import.h"
#include "rulekit/rule.h"

struct qtap_rule {
  std::unique_ptr<const qtap::rulekit::Rule> rule;
};

namespace {

namespace rulekit = qtap::rulekit;

using qtap::capi::guard;

void set_error(uint32_t line, uint32_t column, std::string_view text, qtap_rule_error* reterr) {
  if (reterr == nullptr) return;
  reterr->line = line;
  reterr->column = column;
  size_t len = std::min(text.size(), sizeof reterr->text - 1);
  // Cut between characters: 10xxxxxx is never the first byte of one (RFC 3629 section 3).
  while (len > 0 && len < text.size() && (text[len] & 0xC0) == 0x80) --len;
  std::memcpy(reterr->text, text.data(), len);
  reterr->text[len] = '\0';
}

// The callback of the caller, which knows names and public values only.
struct Host {
  qtap_lookup_fn lookup;
  void* user;
};

int look_up(void* user, const rulekit::FieldRef& field, rulekit::Scratch& scratch,
            rulekit::Value* ret) {
  const Host& host = *static_cast<const Host*>(user);
  qtap_value value{};
  const int status = host.lookup(host.user, {field.name.data(), field.name.size()}, &value);
  return status < 0 ? status : rulekit::import_value(value, scratch, ret);
}

int compile(std::string_view text, qtap_rule** ret, qtap_rule_error* reterr) {
  rulekit::CompileResult compiled = rulekit::Rule::compile(text);
  if (!compiled.rule) {
    set_error(compiled.error.line, compiled.error.column, "QT140: " + compiled.error.text, reterr);
    return compiled.error.status;
  }
  *ret = new qtap_rule{std::move(compiled.rule)};
  return QTAP_OK;
}

int evaluate(const qtap_rule& rule, Host host, int* ret_match) {
  rulekit::Scratch scratch;
  const rulekit::Outcome outcome = rule.rule->evaluate({look_up, &host}, &scratch);
  if (outcome.state == rulekit::State::kError) return outcome.status;
  *ret_match = outcome.pass() ? 1 : 0;
  return outcome.state == rulekit::State::kMissing ? QTAP_WARN_PARTIAL : QTAP_OK;
}

}  // namespace

extern "C" {

int qtap_rule_compile(const char* text, size_t len, qtap_rule** ret, qtap_rule_error* reterr) {
  if (reterr != nullptr && reterr->size < sizeof *reterr) {
    return reterr->size == 0 ? QTAP_ERR_INVALID : QTAP_ERR_UNSUPPORTED;
  }
  if (ret == nullptr || (text == nullptr && len > 0)) {
    set_error(0, 0, "QT141: compile a rule: text and ret must not be NULL", reterr);
    return QTAP_ERR_INVALID;
  }
  return guard([&] { return compile({len == 0 ? "" : text, len}, ret, reterr); });
}

int qtap_rule_eval(const qtap_rule* rule, qtap_lookup_fn lookup, void* user, int* ret_match) {
  if (rule == nullptr || lookup == nullptr || ret_match == nullptr) return QTAP_ERR_INVALID;
  return guard([&] { return evaluate(*rule, {lookup, user}, ret_match); });
}

void qtap_rule_free(qtap_rule* rule) {
  delete rule;
}

}  // extern "C"
