// SPDX-License-Identifier: Apache-2.0
// qtap-mini rules check: every mistake of a file in the form that editors jump to.
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "report.h"
#include "rules.h"

namespace rules_command {

namespace {

constexpr size_t kMaxFile = size_t{16} << 20;

// A rule or the text of a macro, and where in the file it is.
struct Block {
  std::string name;  // of the macro; empty: a rule
  std::string text;
  uint32_t line = 0;    // of its first byte, 1-based
  uint32_t indent = 0;  // bytes before it in that line
};

struct Counts {
  size_t errors = 0;
  size_t warnings = 0;
};

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}
bool is_comment(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line.substr(first).starts_with("--");
}

// Takes "name():" off the front.
void split_name(Block& block) {
  size_t end = 0;
  while (end < block.text.size() &&
         (isalnum(static_cast<unsigned char>(block.text[end])) || block.text[end] == '_')) {
    ++end;
  }
  if (end == 0 || block.text.compare(end, 3, "():") != 0) return;
  block.name = block.text.substr(0, end);
  block.text.erase(0, end + 3);
  block.indent = static_cast<uint32_t>(end + 3);
}

// Blocks of lines that are not empty. Comments in front of a rule do not belong to it, so that a
// macro may have one.
std::vector<Block> split(std::string_view text) {
  std::vector<Block> blocks;
  bool open = false;
  for (uint32_t line = 1; !text.empty(); ++line) {
    const std::string_view row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), row.size() + 1));
    if (is_blank(row)) {
      open = false;
    } else if (open) {
      blocks.back().text += "\n" + std::string(row);
    } else if (!is_comment(row)) {
      blocks.push_back({"", std::string(row), line, 0});
      open = true;
    }
  }
  for (Block& block : blocks) split_name(block);
  return blocks;
}

bool read_all(const std::string& path, std::string& ret) {
  FILE* file = path == "-" ? stdin : fopen(path.c_str(), "re");
  bool ok = file != nullptr;
  if (ok) {
    ret.resize(kMaxFile + 1);
    ret.resize(fread(ret.data(), 1, ret.size(), file));
    ok = ferror(file) == 0;
    if (file != stdin) fclose(file);
  }
  if (!ok) say_error(("read rules " + path + ": " + strerror(errno)).c_str());
  if (ok && ret.size() > kMaxFile) {
    say_error(("read rules " + path + ": longer than 16 MiB").c_str());
    ok = false;
  }
  return ok;
}

void tell(const std::string& path, const Block& block, const char* kind,
          const qtap_rule_error& error) {
  const uint32_t column = error.column + (error.line == 1 ? block.indent : 0);
  const std::string_view what = without_position(error.text);
  fprintf(stderr, "%s:%u:%u: %s: %.*s\n%s", path.c_str(), block.line + error.line - 1, column, kind,
          static_cast<int>(what.size()), what.data(), excerpt(block.text, error).c_str());
}

Counts check_block(const std::string& path, const Block& block, const qtap::RuleLibrary& library) {
  const Compiled compiled(block.text, library);
  if (compiled.rule == nullptr) {
    tell(path, block, "error", compiled.error);
    return {1, 0};
  }
  Counts counts;
  qtap_rule_error warning = {};
  warning.size = sizeof warning;
  while (qtap_rule_warning_at(compiled.rule, counts.warnings, &warning) == QTAP_OK) {
    tell(path, block, "warning", warning);
    ++counts.warnings;
  }
  return counts;
}

}  // namespace

int check(const std::string& path, bool any_field) {
  std::string text;
  if (!read_all(path, text)) return kWrong;
  const std::vector<Block> blocks = split(text);
  // First against macros that are all right, so that a mistake in one has its own place; then
  // against each other: circles, names that are taken.
  std::vector<NamedText> stand_ins;
  std::vector<NamedText> macros;
  for (const Block& block : blocks) {
    if (block.name.empty()) continue;
    stand_ins.emplace_back(block.name, "true");
    macros.emplace_back(block.name, block.text);
  }
  qtap::RuleLibrary library;
  if (const qtap::Status made = make_library(stand_ins, any_field, library); !made.ok()) {
    say_error((path + ": " + made.message).c_str());
    return kWrong;
  }
  Counts all;
  for (const Block& block : blocks) {
    const Counts counts = check_block(path, block, library);
    all.errors += counts.errors;
    all.warnings += counts.warnings;
  }
  if (all.errors == 0) {
    if (const qtap::Status made = make_library(macros, any_field, library); !made.ok()) {
      say_error((path + ": " + made.message).c_str());
      ++all.errors;
    }
  }
  const int printed =
      printf("%s: %zu rules, %zu macros, %zu errors, %zu warnings\n", path.c_str(),
             blocks.size() - macros.size(), macros.size(), all.errors, all.warnings);
  return all.errors > 0 || printed < 0 ? kWrong : kTrue;
}

}  // namespace rules_command
