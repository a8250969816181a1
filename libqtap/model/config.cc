// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include "model/config_yaml.h"
#include "model/option_table.h"

namespace qtap {
namespace {

constexpr size_t kMaxMistakes = 20;  // spec/config.md 3

// "levl" and "stacks.main.plugins[1].config" of "stacks.main.plugins[1].config.levl".
std::pair<std::string_view, std::string_view> split_last(std::string_view key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return {key, {}};
  return {key.substr(dot + 1), key.substr(0, dot)};
}

Error unknown_key(std::string_view key) {
  const auto [word, section] = split_last(key);
  std::string text = "unknown key \"" + std::string(word) + "\"";
  text += section.empty() ? std::string(" at the top level") : " in " + std::string(section);
  if (const std::string near = suggest_key(key); !near.empty()) text += "; did you mean \"" + near + "\"?";
  return {QTAP_ERR_INVALID, text};
}

// Checks a key and its value. True: take it; false: leave it out, with a warning.
Result<bool> admit(std::string_view key, std::string_view value, std::string& warning) {
  const Option* option = find_option(key);
  if (option) {
    QTAP_CHECK(check_value(*option, key, value));
    return true;
  }
  switch (kind_of_unlisted_key(key)) {
    case KeyKind::kLegacy:
      warning = std::string(key) + " is a legacy key and is ignored";
      return false;
    case KeyKind::kLater:
      return Error{QTAP_ERR_UNSUPPORTED,
                   std::string(key) + " is not supported in this version (libqtap " QTAP_VERSION ")"};
    case KeyKind::kUnknown: break;
  }
  return unknown_key(key);
}

}  // namespace

const Config::Entry* Config::find(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

Status Config::set(std::string_view key, std::string_view value) {
  std::string warning;
  QTAP_TRY(const bool take, admit(key, value, warning));
  if (take) {
    entries_[std::string(key)] = {std::string(value), {}};
  } else {
    warnings_.push_back(warning);
  }
  return {};
}

Status Config::parse(std::string_view yaml, const std::string& name, const Environment& environment) {
  std::vector<YamlEntry> read;
  std::vector<YamlMistake> mistakes;
  read_yaml(yaml, environment, read, mistakes);

  std::map<std::string, Entry, std::less<>> entries;
  std::vector<std::string> warnings;
  const auto at = [&](const Position& p) {
    return name + ":" + std::to_string(p.line) + ":" + std::to_string(p.column) + ": ";
  };
  int status = QTAP_ERR_INVALID;
  for (YamlEntry& entry : read) {
    std::string warning;
    const Result<bool> take = admit(entry.key, entry.value, warning);
    if (!take.ok()) {
      const bool is_key = find_option(entry.key) == nullptr;
      mistakes.push_back({is_key ? entry.key_position : entry.value_position, take.error().text});
      if (mistakes.size() == 1) status = take.error().status;
    } else if (*take) {
      entries[entry.key] = {std::move(entry.value), entry.value_position};
    } else {
      warnings.push_back(at(entry.key_position) + "warning: " + warning);
    }
  }
  if (!mistakes.empty()) {
    Error error{status, ""};
    for (size_t i = 0; i < mistakes.size() && i < kMaxMistakes; ++i) {
      error.text += (i == 0 ? "" : "\n") + at(mistakes[i].position) + "error: " + mistakes[i].text;
    }
    return error;
  }
  entries.merge(entries_);
  entries_ = std::move(entries);
  warnings_.insert(warnings_.end(), warnings.begin(), warnings.end());
  return {};
}

}  // namespace qtap
