// SPDX-License-Identifier: Apache-2.0
#include "plugin/rule_book.h"

#include <string_view>
#include <utility>

#include "model/option_value.h"

namespace qtap::plugin {
namespace {

// `stacks.main.plugins[1].config.rules[2] "errors"`
std::string name_of(const RuleText& text) {
  return text.key + (text.name.empty() ? "" : " " + quoted(text.name));
}

// Most rules have one line: then only the column says something.
std::string_view without_first_line(std::string_view what) {
  constexpr std::string_view kFirst = "line 1, ";
  if (what.starts_with(kFirst)) what.remove_prefix(kFirst.size());
  return what;
}

std::string error_text(const RuleText& text, std::string_view what) {
  return text.place + (text.place.empty() ? "" : "error: ") + name_of(text) + ": " +
         std::string(without_first_line(what));
}

// Rulekit's errors about macros begin with their names; `macro "a": line 1, ...`.
Error macro_error(const std::vector<RuleText>& macros, const Error& why) {
  for (const RuleText& macro : macros) {
    const std::string begin = "macro \"" + macro.name + "\": ";
    if (!why.text.starts_with(begin)) continue;
    return {"QT145", why.status,
            error_text(macro, std::string_view(why.text).substr(begin.size()))};
  }
  return {"QT146", why.status, "rulekit.macros: " + why.text};
}

}  // namespace

Result<std::shared_ptr<RuleBook>> RuleBook::create(const std::vector<RuleText>& macros) {
  auto book = std::make_shared<RuleBook>();
  add_transaction_fields(&book->fields_);
  std::vector<rulekit::MacroText> texts;
  for (const RuleText& macro : macros) texts.push_back({macro.name, macro.expr});
  auto library = rulekit::Library::create(std::move(texts), {}, book->options());
  if (!library.ok()) return macro_error(macros, library.error());
  book->macros_ = *std::move(library);
  // Once more, alone: the library does not tell what is odd about its macros.
  for (const RuleText& macro : macros) {
    if (auto rule = book->compile(macro); !rule.ok()) return std::move(rule).error();
  }
  return book;
}

Result<std::unique_ptr<const rulekit::Rule>> RuleBook::compile(const RuleText& text) {
  rulekit::CompileResult made = rulekit::Rule::compile(text.expr, options());
  if (!made.rule) {
    return Error{"QT147", made.error.status, error_text(text, made.error.text)};
  }
  for (const rulekit::Warning& warning : made.warnings) warn(text, warning);
  return std::move(made.rule);
}

rulekit::CompileOptions RuleBook::options() const {
  return {.library = macros_.get(), .fields = fields_.known, .unknown_fields_fail = true};
}

void RuleBook::warn(const RuleText& text, const rulekit::Warning& warning) {
  warnings_.push_back("QT148: " + text.place + (text.place.empty() ? "" : "warning: ") +
                      name_of(text) + ": " + std::string(without_first_line(warning.text)));
}

}  // namespace qtap::plugin
