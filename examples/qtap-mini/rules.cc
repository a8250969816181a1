// SPDX-License-Identifier: Apache-2.0
// The command line of `qtap-mini rules`, and what its two halves share.
#include "rules.h"

#include <getopt.h>

#include <array>
#include <cstdio>

#include "report.h"

namespace rules_command {

qtap::Status make_library(std::span<const NamedText> macros, bool any_field,
                          qtap::RuleLibrary& ret) {
  std::vector<qtap_rule_macro> rows;
  for (const auto& [name, text] : macros) {
    rows.push_back({{name.data(), name.size()}, {text.data(), text.size()}});
  }
  qtap_rule_names names = {};
  names.macros = rows.data();
  names.macro_count = rows.size();
  if (!any_field) names.flags = QTAP_RULE_TRANSACTION_FIELDS | QTAP_RULE_UNKNOWN_FIELDS_FAIL;
  return qtap::RuleLibrary::make(names, ret);
}

Compiled::Compiled(std::string_view text, const qtap::RuleLibrary& library) {
  error.size = sizeof error;
  qtap_rule_compile_with(library.get(), text.data(), text.size(), &rule, &error);
}

std::string_view without_position(const char* text) {
  const std::string_view all = text;
  const size_t column = all.find("column ");
  const size_t end = column == std::string_view::npos ? column : all.find(": ", column);
  return end == std::string_view::npos ? all : all.substr(end + 2);
}

std::string excerpt(std::string_view text, const qtap_rule_error& error) {
  const size_t len =
      qtap_rule_excerpt(text.data(), text.size(), error.line, error.column, nullptr, 0);
  std::string shown(len + 1, '\0');
  qtap_rule_excerpt(text.data(), text.size(), error.line, error.column, shown.data(), shown.size());
  shown.resize(len);
  return shown;
}

}  // namespace rules_command

namespace {

using namespace rules_command;

constexpr std::string_view kHelp =
    "Usage: qtap-mini rules check [--any-field] FILE|-\n"
    "       qtap-mini rules eval RULE [--field NAME=VALUE]... [--macro NAME=RULE]... "
    "[--any-field]\n"
    "Compiles rules and says what is wrong or odd about them; evaluates one. Needs no root.\n"
    "\n"
    "  FILE                rules, separated by empty lines; \"name(): rule\" makes a macro\n"
    "  --field NAME=VALUE  a field of docs/fields.md; lists with commas. A field that is not\n"
    "                      given is missing\n"
    "  --macro NAME=RULE   what NAME() in the rule stands for\n"
    "  --any-field         fields of any name, not only those of a transaction; what a value\n"
    "                      looks like (a number, true, an address, text) is its type\n"
    "\n"
    "The answer goes to stdout, mistakes go to stderr. Exit codes: 0 the rule is true, or the "
    "file\n"
    "right; 1 false; 2 a mistake in a rule or in the command line; 3 undecided.\n";

enum Flag { kField = 256, kMacro, kAnyField };

constexpr std::array kFlags = {
    option{"field", required_argument, nullptr, kField},
    option{"macro", required_argument, nullptr, kMacro},
    option{"any-field", no_argument, nullptr, kAnyField},
    option{"help", no_argument, nullptr, 'h'},
    option{nullptr, 0, nullptr, 0},
};

int wrong(const std::string& what) {
  say_error((what + "; see qtap-mini rules --help").c_str());
  return kWrong;
}

bool add_named(const char* text, std::vector<NamedText>& to) {
  const std::string_view view = text;
  const size_t equals = view.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  to.emplace_back(view.substr(0, equals), view.substr(equals + 1));
  return true;
}

}  // namespace

int rules(int argc, char** argv) {
  Question question;
  opterr = 0;
  for (int flag = 0; (flag = getopt_long(argc, argv, ":h", kFlags.data(), nullptr)) != -1;) {
    if (flag == 'h') return fputs(kHelp.data(), stdout) < 0 ? kWrong : kTrue;
    if (flag == ':') return wrong(std::string(argv[optind - 1]) + " needs a value");
    if (flag == '?') return wrong(std::string("unknown flag ") + argv[optind - 1]);
    if (flag == kAnyField) question.any_field = true;
    if (flag == kField && !add_named(optarg, question.fields)) {
      return wrong(std::string("--field wants NAME=VALUE, got \"") + optarg + "\"");
    }
    if (flag == kMacro && !add_named(optarg, question.macros)) {
      return wrong(std::string("--macro wants NAME=RULE, got \"") + optarg + "\"");
    }
  }
  const std::vector<std::string> words(argv + optind, argv + argc);
  if (words.size() != 2) return wrong("rules wants \"check FILE\" or \"eval RULE\"");
  if (words[0] == "check") {
    if (!question.fields.empty() || !question.macros.empty()) {
      return wrong("rules check takes neither --field nor --macro");
    }
    return check(words[1], question.any_field);
  }
  if (words[0] != "eval") return wrong("rules has no \"" + words[0] + "\"");
  question.rule = words[1];
  return evaluate(question);
}
