// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h over the engine in rulekit/: rules, and what they come to.
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <qtap/rulekit.h>

#include "base/utf8.h"
#include "capi/boundary.h"
#include "capi/rule_handles.h"
#include "rulekit/excerpt.h"
#include "rulekit/import.h"

namespace qtap::capi {

void set_rule_error(uint32_t line, uint32_t column, std::string_view text,
                    qtap_rule_error* reterr) {
  if (reterr == nullptr) return;
  reterr->line = line;
  reterr->column = column;
  const std::string_view cut = utf8_prefix(text, sizeof reterr->text - 1);
  std::memcpy(reterr->text, cut.data(), cut.size());
  reterr->text[cut.size()] = '\0';
}

int check_rule_error(const qtap_rule_error* reterr) {
  if (reterr == nullptr || reterr->size >= sizeof *reterr) return QTAP_OK;
  return reterr->size == 0 ? QTAP_ERR_INVALID : QTAP_ERR_UNSUPPORTED;
}

namespace {

int look_up(void* user, const rulekit::FieldRef& field, rulekit::Scratch& scratch,
            rulekit::Value* ret) {
  const Host& host = *static_cast<const Host*>(user);
  qtap_value value{};
  const int status = host.lookup(host.user, str_of(field.name), &value);
  return status < 0 ? status : rulekit::import_value(value, scratch, ret);
}

}  // namespace

rulekit::FieldSource source_of(const Host& host) {
  return {look_up, const_cast<Host*>(&host)};
}

namespace {

int compile(const qtap_rule_library* library, std::string_view text, qtap_rule** ret,
            qtap_rule_error* reterr) {
  auto rule = std::make_unique<qtap_rule>();
  if (library != nullptr) rule->names = library->names;
  rulekit::CompileResult compiled = rulekit::Rule::compile(text, options_of(rule->names.get()));
  if (!compiled.rule) {
    set_rule_error(compiled.error.line, compiled.error.column, "QT140: " + compiled.error.text,
                   reterr);
    return compiled.error.status;
  }
  rule->rule = std::move(compiled.rule);
  rule->warnings = std::move(compiled.warnings);
  rule->text = rule->rule->rendered();
  *ret = rule.release();
  return QTAP_OK;
}

int settle_match(const rulekit::Outcome& outcome, int* ret_match) {
  if (outcome.state == rulekit::State::kError) return outcome.status;
  *ret_match = outcome.pass() ? 1 : 0;
  return outcome.state == rulekit::State::kMissing ? QTAP_WARN_PARTIAL : QTAP_OK;
}

int evaluate(const qtap_rule& rule, const Host& host, int* ret_match) {
  rulekit::Scratch scratch;
  return settle_match(rule.rule->evaluate(source_of(host), &scratch), ret_match);
}

int evaluate_table(const qtap_rule& rule, std::span<const qtap_value* const> values,
                   int* ret_match) {
  rulekit::Scratch scratch;
  const auto imported = scratch.array<rulekit::Value>(values.size());
  const auto table = scratch.array<const rulekit::Value*>(values.size());
  for (size_t at = 0; at < values.size(); ++at) {
    if (values[at] == nullptr) continue;
    const int status = rulekit::import_value(*values[at], scratch, &imported[at]);
    if (status < 0) return status;
    table[at] = &imported[at];
  }
  return settle_match(rule.rule->evaluate(rulekit::FieldTable(table), &scratch), ret_match);
}

}  // namespace

}  // namespace qtap::capi

extern "C" {

int qtap_rule_compile(const char* text, size_t len, qtap_rule** ret, qtap_rule_error* reterr) {
  return qtap_rule_compile_with(nullptr, text, len, ret, reterr);
}

int qtap_rule_compile_with(const qtap_rule_library* library, const char* text, size_t len,
                           qtap_rule** ret, qtap_rule_error* reterr) {
  if (const int status = qtap::capi::check_rule_error(reterr); status < 0) return status;
  if (ret == nullptr || (text == nullptr && len > 0)) {
    qtap::capi::set_rule_error(0, 0, "QT141: compile a rule: text and ret must not be NULL",
                               reterr);
    return QTAP_ERR_INVALID;
  }
  return qtap::capi::guard([&] {
    return qtap::capi::compile(library, {len == 0 ? "" : text, len}, ret, reterr);
  });
}

int qtap_rule_eval(const qtap_rule* rule, qtap_lookup_fn lookup, void* user, int* ret_match) {
  if (rule == nullptr || lookup == nullptr || ret_match == nullptr) return QTAP_ERR_INVALID;
  return qtap::capi::guard([&] { return qtap::capi::evaluate(*rule, {lookup, user}, ret_match); });
}

int qtap_rule_eval_table(const qtap_rule* rule, const struct qtap_value* const* values,
                         size_t count, int* ret_match) {
  if (rule == nullptr || (values == nullptr && count > 0) || ret_match == nullptr ||
      count != rule->rule->fields().size()) {
    return QTAP_ERR_INVALID;
  }
  return qtap::capi::guard([&] {
    return qtap::capi::evaluate_table(*rule, {values, count}, ret_match);
  });
}

struct qtap_str qtap_rule_text(const qtap_rule* rule) {
  return rule == nullptr ? qtap_str{} : qtap::capi::str_of(rule->text);
}

int qtap_rule_field_at(const qtap_rule* rule, size_t index, struct qtap_str* ret) {
  if (rule == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  const auto fields = rule->rule->fields();
  if (index >= fields.size()) return QTAP_ERR_NOTFOUND;
  *ret = qtap::capi::str_of(fields[index]);
  return QTAP_OK;
}

int qtap_rule_warning_at(const qtap_rule* rule, size_t index, qtap_rule_error* ret) {
  if (rule == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (const int status = qtap::capi::check_rule_error(ret); status < 0) return status;
  if (index >= rule->warnings.size()) return QTAP_ERR_NOTFOUND;
  const qtap::rulekit::Warning& warning = rule->warnings[index];
  qtap::capi::set_rule_error(warning.line, warning.column, warning.text, ret);
  return QTAP_OK;
}

size_t qtap_rule_excerpt(const char* text, size_t len, uint32_t line, uint32_t column, char* buf,
                         size_t size) {
  size_t needed = 0;
  if (buf != nullptr && size > 0) buf[0] = '\0';
  if (text == nullptr || (buf == nullptr && size > 0)) return 0;
  qtap::capi::guard([&] {
    const std::string shown = qtap::rulekit::excerpt({text, len}, line, column);
    needed = shown.size();
    if (size == 0) return QTAP_OK;
    const std::string_view cut = qtap::utf8_prefix(shown, size - 1);
    std::memcpy(buf, cut.data(), cut.size());
    buf[cut.size()] = '\0';
    return QTAP_OK;
  });
  return needed;
}

void qtap_rule_free(qtap_rule* rule) {
  delete rule;
}

}  // extern "C"
