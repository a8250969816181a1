// SPDX-License-Identifier: Apache-2.0
// Compiles any text; what compiles is evaluated over values of every type and rendered. Beside "no
// crash, no hang": the compiled program says what the walk over the tree says (a report asks for
// it), and a rendered rule compiles and renders to itself.
#include <qtap/rulekit.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rulekit/import.h"
#include "rulekit/rule.h"
#include "rulekit/text.h"

namespace {

qtap_value text_value(std::string_view text) {
  qtap_value value{};
  value.type = QTAP_VALUE_STRING;
  value.s = {text.data(), text.size()};
  return value;
}

// The name decides the type, so that the fuzzer reaches all of them with short names.
int look_up(void*, qtap_str name, qtap_value* ret) {
  static const qtap_value kItems[] = {text_value("abc"), text_value("1.2.3.4"), text_value("\xff")};
  const std::string_view text(name.data, name.len);
  ret->type = static_cast<int>(static_cast<unsigned char>(text.back()) % 14);
  if (ret->type == QTAP_VALUE_MAP) return QTAP_ERR_NOTFOUND;
  if (ret->type == QTAP_VALUE_HEX && text.size() % 2 == 0) return QTAP_ERR_IO;
  ret->i = static_cast<int64_t>(text.size()) - 3;
  ret->u = UINT64_MAX - text.size();
  ret->d = static_cast<double>(text.size()) / 2;
  ret->s = {text.data(), ret->type == QTAP_VALUE_MAC && text.size() > 8 ? 8 : text.size()};
  ret->family = 4 + 2 * static_cast<int>(text.size() % 2);
  ret->bits = static_cast<uint32_t>(text.size() % 33);
  ret->items = kItems;
  ret->count = sizeof kItems / sizeof kItems[0];
  return QTAP_OK;
}

void check(bool held) {
  if (!held) abort();
}

int import(void*, const qtap::rulekit::FieldRef& field, qtap::rulekit::Scratch& scratch,
           qtap::rulekit::Value* ret) {
  qtap_value value{};
  const int status = look_up(nullptr, {field.name.data(), field.name.size()}, &value);
  return status < 0 ? status : qtap::rulekit::import_value(value, scratch, ret);
}

void check_program(const qtap::rulekit::Rule& rule) {
  qtap::rulekit::Scratch scratch;
  qtap::rulekit::Report report;
  const auto walked = rule.evaluate({import, nullptr}, &scratch, &report);
  const auto run = rule.evaluate({import, nullptr}, &scratch);
  std::string walked_text;
  std::string run_text;
  append_text(walked.value, &walked_text);
  append_text(run.value, &run_text);
  check(run.state == walked.state && run.status == walked.status &&
        run.value.type == walked.value.type && run_text == walked_text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const char* text = reinterpret_cast<const char*>(data);
  qtap_rule* rule = nullptr;
  qtap_rule_error error{};
  error.size = sizeof error;
  if (qtap_rule_compile(text, size, &rule, &error) < 0) {
    check(rule == nullptr && error.line > 0 && error.column > 0 && error.text[0] != '\0');
    return 0;
  }
  int match = -1;
  const int status = qtap_rule_eval(rule, look_up, nullptr, &match);
  check(status < 0 ? match == -1 : match == 0 || match == 1);
  qtap_rule_free(rule);

  using qtap::rulekit::Rule;
  const auto compiled = Rule::compile({text, size});
  check_program(*compiled.rule);
  const std::string rendered = compiled.rule->rendered();
  const auto again = Rule::compile(rendered);
  // Rendering adds parentheses, so that a rule at a limit may pass it.
  if (!again.rule) {
    check(again.error.status == QTAP_ERR_LIMIT);
    return 0;
  }
  check(again.rule->rendered() == rendered);
  return 0;
}
