// SPDX-License-Identifier: Apache-2.0
// Prints docs/options.md or docs/fields.md from the tables of the library. Usage: docgen
// options|fields
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "model/field_table.h"
#include "model/option_table.h"
#include "model/option_value.h"

namespace {

using namespace qtap;

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

// One line of a table; a bar inside a cell would end it.
void row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) {
    line += ' ';
    for (const char c : cell) line += c == '|' ? std::string("\\|") : std::string(1, c);
    line += " |";
  }
  print(line + "\n");
}

std::string range_text(const Option& option) {
  const bool is_number = option.type == OptionType::kInt || option.type == OptionType::kSize ||
                         option.type == OptionType::kDuration || option.type == OptionType::kShare;
  if (!is_number) return option.words;
  const uint64_t max = option.max_now < option.max ? option.max_now : option.max;
  if (max == UINT64_MAX) return "64 bits";
  if (max == option.min) return number_text(option.type, max);
  return number_text(option.type, option.min) + " to " + number_text(option.type, max);
}

std::string default_text(const Option& option) {
  if (option.required) return "required";
  if (*option.falls_back != '\0' && *option.default_text != '\0') {
    return code(option.default_text) + ", or " + code(option.falls_back) + " where that is set";
  }
  if (*option.falls_back != '\0') return code(option.falls_back);
  return *option.default_text == '\0' ? "none" : code(option.default_text);
}

void print_options() {
  print(
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<!-- GENERATED from libqtap/model/option_table.cc by tests/lint/generated_docs.py --update; "
      "do not edit. -->\n"
      "# Options\n\n"
      "One table feeds `qtap_config_set()`, YAML (`qtap_config_parse()`), the flags of qtap-mini "
      "and this page. A key is a\n"
      "path: `*` stands for a name, `[]` for an index, so that `stacks.*.plugins[].config.mode` "
      "is\n\n"
      "```c\n"
      "qtap_config_set(config, \"stacks.main.plugins[1].config.mode\", \"full\");\n"
      "```\n\n"
      "in C, and in YAML\n\n"
      "```yaml\n"
      "stacks:\n"
      "  main:\n"
      "    plugins:\n"
      "      - type: http_capture\n"
      "      - type: access_logs\n"
      "        config: { mode: full }\n"
      "```\n\n"
      "A later value of a key replaces an earlier one, whichever way they came. Numbers in `[]` "
      "only order the elements.\n\n"
      "| type | written as |\n|---|---|\n"
      "| bool | `true`, `false` |\n"
      "| int | a whole number |\n"
      "| size | bytes, or a number with `b`, `kb`, `mb`, `gb`: powers of 1024, any case |\n"
      "| duration | `250ms`, `10s`, `1m30s`, `24h`; a bare number is milliseconds |\n"
      "| text, path | any text |\n"
      "| word | one of the words listed |\n"
      "| words | some of the words listed: `a, b`, in YAML also a list |\n"
      "| secret | text; in YAML also `{type: env, value: NAME}`, which reads an environment "
      "variable when the file is parsed, "
      "and `{type: text, value: ...}`; never printed |\n\n"
      "| key | type | default | range or words | meaning | since |\n|---|---|---|---|---|---|\n");
  for (const Option& option : option_table()) {
    std::string help = option.help;
    if (*option.applies != '\0') help += " Only for " + std::string(option.applies) + ".";
    row({code(option.key), option_type_name(option.type), default_text(option), range_text(option),
         help, option.since});
  }
}

// Events and objects are whole when they are made.
std::string known_from(const Field& field) {
  const bool changes =
      field.owner == FieldOwner::kConnection || field.owner == FieldOwner::kTransaction;
  return changes ? field_stage_name(field.stage) : "";
}

void print_fields() {
  print(
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<!-- GENERATED from libqtap/model/field_table.cc by tests/lint/generated_docs.py --update; "
      "do not edit. -->\n"
      "# Fields\n\n"
      "What `qtap_connection_field()`, `qtap_transaction_field()`, `qtap_event_field()` and "
      "`qtap_object_field()` read by\n"
      "name. A transaction also has the fields of its connection, and an object those of its "
      "transaction. What is not (yet)\n"
      "known is missing: `QTAP_ERR_NOTFOUND`, never a zero or an empty text.\n\n"
      "`src` is always the local end and `dst` the remote one, also where the local program is the "
      "server. `<name>` is free\n"
      "and takes the rest of the field's name, dots included; a character other than a letter, a "
      "digit, `_`, `.` and `-` is\n"
      "written `_`. Names are case-sensitive; header names are written in lower case. A name that "
      "ends in `[]` is a list: its\n"
      "elements are `tls.alpn[0]`, `tls.alpn[1]` and so on up to the first that is missing.\n\n"
      "*Known from* says when a field has its value for good: `connection` (it is missing or stays "
      "as it is), the head of the\n"
      "`request` or of the `response`, or the `end` of the transaction. Rules of plugins are "
      "decided as soon as what they\n"
      "read is known (rules.md).\n\n"
      "| alias | stands for |\n|---|---|\n");
  for (const FieldAlias& alias : field_aliases()) {
    const bool is_prefix = std::string_view(alias.alias).ends_with('.');
    row({code(std::string(alias.alias) + (is_prefix ? "*" : "")),
         code(std::string(alias.stands_for) + (is_prefix ? "*" : ""))});
  }
  print("\n| field | type | of | known from | meaning | since |\n|---|---|---|---|---|---|\n");
  for (const Field& field : field_table()) {
    row({code(field.name), field_type_name(field.type), field_owner_name(field.owner),
         known_from(field), field.help, field.since});
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "options") == 0) {
    print_options();
    return 0;
  }
  if (argc == 2 && std::strcmp(argv[1], "fields") == 0) {
    print_fields();
    return 0;
  }
  std::fputs("usage: docgen options|fields\n", stderr);
  return 2;
}
