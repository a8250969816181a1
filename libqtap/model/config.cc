// SPDX-License-Identifier: Apache-2.0
#include "model/config.h"

#include <algorithm>

#include "model/config_check.h"
#include "model/config_flatten.h"
#include "model/option_key.h"
#include "model/option_table.h"

namespace qtap {
namespace {

Error to_error(std::vector<Mistake>& mistakes, const std::string& name) {
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
  Error all = mistakes.front().error;
  all.text.clear();
  for (size_t i = 0; i < mistakes.size() && i < kMaxMistakes; ++i) {
    Error& error = mistakes[i].error;
    error.text = place_text({"", mistakes[i].position, name}) + "error: " + error.text;
    all.text += i == 0 ? error.text : "\n" + message_of(error);  // its own id leads the whole
  }
  return all;
}

}  // namespace

std::string place_text(const Config::Entry& entry) {
  if (entry.position.line == 0) return {};
  return entry.file + ":" + std::to_string(entry.position.line) + ":" +
         std::to_string(entry.position.column) + ": ";
}

const Config::Entry* Config::find(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

Status Config::set(std::string_view key, std::string_view value) {
  const std::string pattern = pattern_of(key);
  if (kind_of_key(pattern) == KeyKind::kLegacy) {
    warnings_.push_back(legacy_warning("", key));
    return {};
  }
  const Entry* type = find(type_key_of(key));
  QTAP_CHECK(check_entry(key, pattern, type ? std::string_view(type->value) : "", value));
  if (const std::string_view stack = stack_of(key); !stack.empty()) {
    entries_.try_emplace("stacks." + std::string(stack));
  }
  entries_[std::string(key)] = {std::string(value), {}, {}};
  return {};
}

Status Config::parse(std::string_view yaml, const std::string& name,
                     const Environment& environment) {
  FlatConfig flat;
  YamlNode root;
  if (!read_yaml(yaml, root, flat.mistakes)) return to_error(flat.mistakes, name);
  flatten(root, name, environment, flat);
  if (flat.mistakes.size() >= kMaxMistakes) return to_error(flat.mistakes, name);

  Entries merged = flat.entries;
  merged.insert(entries_.begin(), entries_.end());
  // What the host set is checked when it is used.
  for (Conflict& conflict : find_conflicts(merged)) {
    const auto own = flat.entries.find(conflict.key);
    if (own == flat.entries.end()) continue;
    flat.mistakes.push_back({own->second.position, std::move(conflict.error)});
  }
  if (!flat.mistakes.empty()) return to_error(flat.mistakes, name);
  entries_ = std::move(merged);
  warnings_.insert(warnings_.end(), flat.warnings.begin(), flat.warnings.end());
  return {};
}

}  // namespace qtap
