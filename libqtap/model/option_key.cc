// SPDX-License-Identifier: Apache-2.0
#include "model/option_key.h"

#include <algorithm>

#include "base/suggest.h"
#include "model/option_table.h"
#include "model/option_value.h"

namespace qtap {
namespace {

constexpr std::string_view kStacks = "stacks.";
constexpr std::string_view kStores = "services.";
constexpr std::string_view kHeaders = "].headers.";  // then a name
constexpr std::string_view kPlugins = ".plugins[";
constexpr std::string_view kPluginConfig = "stacks.*.plugins[].config";
// Digits of an index: a list of a configuration has at most 1000 elements.
constexpr size_t kMaxIndexDigits = 3;

// "[12]" at the beginning, without leading zeros, so that one element has one key.
bool take_index(std::string_view& key) {
  const size_t end = key.find(']');
  if (end == std::string_view::npos || end < 2 || end > kMaxIndexDigits + 1) return false;
  const std::string_view digits = key.substr(1, end - 1);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
  if (digits.size() > 1 && digits.front() == '0') return false;
  key.remove_prefix(end + 1);
  return true;
}

// "a.b" and "c" of "a.b.c"; {"", "a"} of "a".
std::pair<std::string_view, std::string_view> split_last(std::string_view key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) return {{}, key};
  return {key.substr(0, dot), key.substr(dot + 1)};
}

// The map that a key stands in, for people: "http_capture config", "object_stores[0] (file)",
// "tap.http".
std::string section_name(std::string_view parent, std::string_view type) {
  if (parent.empty()) return "the configuration";
  if (type.empty()) return std::string(display_key(parent));
  if (pattern_of(parent) == kPluginConfig) return std::string(type) + " config";
  return std::string(display_key(parent)) + " (" + std::string(type) + ")";
}

}  // namespace

bool is_stack_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::string_view stack_of(std::string_view key) {
  if (!key.starts_with(kStacks)) return {};
  key.remove_prefix(kStacks.size());
  return key.substr(0, key.find(kPlugins));
}

std::string pattern_of(std::string_view key) {
  std::string pattern;
  if (const size_t at = key.find(kHeaders);
      at != std::string_view::npos && key.starts_with(kStores)) {
    const size_t name = at + kHeaders.size();
    if (!is_stack_name(key.substr(name))) return {};
    pattern = pattern_of(key.substr(0, name - 1));
    return pattern.empty() ? pattern : pattern + ".*";
  }
  if (const std::string_view stack = stack_of(key); !stack.empty()) {
    if (!is_stack_name(stack)) return {};
    pattern = "stacks.*";
    key.remove_prefix(kStacks.size() + stack.size());
    if (key.starts_with('.')) {
      key.remove_prefix(1);
      pattern += '.';
    }
  }
  while (!key.empty()) {
    const size_t end = std::min(key.find_first_of(".["), key.size());
    if (end == 0) return {};
    pattern += key.substr(0, end);
    key.remove_prefix(end);
    while (key.starts_with('[')) {
      if (!take_index(key)) return {};
      pattern += "[]";
    }
    if (key.empty()) break;
    if (key.front() != '.' || key.size() == 1) return {};
    key.remove_prefix(1);
    pattern += '.';
  }
  return pattern;
}

std::string type_key_of(std::string_view key) {
  const bool is_store = key.starts_with("services.");
  const size_t list = is_store ? 0 : key.find(kPlugins);
  if (!is_store && (!key.starts_with(kStacks) || list == std::string_view::npos)) return {};
  const size_t end = key.find("].", list);
  if (end == std::string_view::npos) return {};
  if (!is_store && !key.substr(end + 2).starts_with("config.")) return {};
  return std::string(key.substr(0, end + 2)) + "type";
}

std::string_view display_key(std::string_view key) {
  constexpr std::string_view kServices = "services.";
  if (key.starts_with(kServices)) key.remove_prefix(kServices.size());
  return key;
}

Error unknown_key(const std::string& what) {
  return {"QT104", QTAP_ERR_INVALID, "unknown key " + what};
}

std::string legacy_warning(const std::string& place, std::string_view key) {
  return "QT132: " + place + (place.empty() ? "" : "warning: ") + std::string(key) +
         " is a legacy key and is ignored";
}

Error unknown_key(std::string_view key, std::string_view type) {
  const auto [parent, word] = split_last(key);
  if (!parent.empty() && pattern_of(parent).empty()) {
    return unknown_key(quoted(key));
  }
  return unknown_key(quoted(word) + " in " + section_name(parent, type) +
                     did_you_mean(word, keys_below(pattern_of(parent), type)));
}

Status check_entry(std::string_view key, std::string_view pattern, std::string_view type,
                   std::string_view value) {
  if (const Option* option = find_option(pattern, type)) {
    if (!type.empty()) return check_value(*option, display_key(key), value);
    // The type is not known yet: whatever some type takes is fine.
    Status first = check_value(*option, display_key(key), value);
    for (const Option& other : option_table()) {
      if (first.ok()) break;
      if (pattern == other.key && check_value(other, display_key(key), value).ok()) return {};
    }
    return first;
  }
  if (kind_of_key(pattern) == KeyKind::kLater) {
    return not_yet(std::string(display_key(key)));
  }
  const Shape shape = pattern.empty() ? Shape::kNothing : shape_of(pattern);
  if (shape != Shape::kNothing && shape != Shape::kValue) {
    return Error{
        "QT105", QTAP_ERR_INVALID,
        std::string(display_key(key)) + ": is a section, not an option; name a key inside it"};
  }
  return unknown_key(key, type);
}

}  // namespace qtap
