// SPDX-License-Identifier: Apache-2.0
#include "model/config_flatten.h"

#include <optional>

#include "model/config_check.h"
#include "model/option_key.h"
#include "model/option_table.h"
#include "model/option_value.h"

namespace qtap {
namespace {

using Kind = YamlNode::Kind;

// Where the walk is: the concrete key, its pattern and the type of the plugin or store around it.
struct Place {
  std::string key;
  std::string pattern;
  std::string type;
};

bool asks_for_nothing(const YamlNode& node) {
  return node.kind == Kind::kNull || (node.kind == Kind::kMap && node.members.empty()) ||
         (node.kind == Kind::kList && node.items.empty());
}

const char* kind_name(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kMap:
      return "a map";
    case Kind::kList:
      return "a list";
    case Kind::kText:
      return "text";
    case Kind::kNull:
      break;
  }
  return "nothing";
}

class Flattener {
 public:
  Flattener(const std::string& name, const Config::Environment& environment, FlatConfig& ret)
      : name_(name), environment_(environment), ret_(ret) {}

  void members(const YamlNode& map, const Place& place);

 private:
  bool is_full() const { return ret_.mistakes.size() >= kMaxMistakes; }
  void mistake(const Position& position, Error error) {
    if (!is_full()) ret_.mistakes.push_back({position, std::move(error)});
  }
  void mistake(MessageId id, const Position& position, std::string text) {
    mistake(position, Error{id, QTAP_ERR_INVALID, std::move(text)});
  }
  void expected_map(const std::string& name, const YamlNode& node) {
    mistake("QT113", node.position, name + ": expected a map, got " + kind_name(node));
  }

  void member(const YamlMember& member, const Place& parent);
  void node(const YamlNode& node, const Position& key_position, Place place);
  void list(const YamlNode& list, const Place& place);
  void element(const YamlNode& element, const Place& place);
  void split_items(const YamlNode& list, const Place& place);
  void value(const YamlNode& node, const Place& place);
  std::optional<std::string> text_of(const YamlNode& node, const Option& option,
                                     const Place& place);
  std::optional<std::string> variable(const std::string& name, const Position& position,
                                      const Place& place);
  std::optional<std::string> value_source(const YamlNode& node, const Place& place);
  std::optional<std::string> expanded(const YamlNode& node, const Place& place);
  std::optional<std::string> joined(const YamlNode& list, const Place& place);
  void add(const Place& place, std::string value, const Position& position) {
    ret_.entries[place.key] = {std::move(value), position, name_};
  }

  const std::string& name_;
  const Config::Environment& environment_;
  FlatConfig& ret_;
};

void Flattener::members(const YamlNode& map, const Place& place) {
  for (const YamlMember& m : map.members) {
    if (is_full()) return;
    member(m, place);
  }
}

void Flattener::member(const YamlMember& member, const Place& parent) {
  const std::string prefix = parent.key.empty() ? "" : parent.key + ".";
  Place place = {prefix + member.key, {}, parent.type};
  if (shape_of(parent.pattern) == Shape::kNamedMap) {
    if (!is_stack_name(member.key)) {
      mistake("QT112", member.position,
              parent.key + ": " + quoted(member.key) +
                  " is no name; use letters, digits, \"_\", \".\" and \"-\"");
      return;
    }
    place.pattern = parent.pattern + ".*";
    add(place, {}, member.position);
  } else {
    // A dotted key of the option table is written as nested maps; "tap.direction:" would hide a
    // duplicate.
    if (member.key.empty() || member.key.find_first_of(".[]*") != std::string::npos) {
      mistake(member.position,
              unknown_key(quoted(member.key) +
                          (parent.key.empty() ? " in the configuration"
                                              : " in " + std::string(display_key(parent.key)))));
      return;
    }
    place.pattern = (parent.pattern.empty() ? "" : parent.pattern + ".") + member.key;
  }
  node(member.value, member.position, std::move(place));
}

void Flattener::node(const YamlNode& node, const Position& key_position, Place place) {
  switch (kind_of_key(place.pattern)) {
    case KeyKind::kLegacy:
      ret_.warnings.push_back(legacy_warning(place_text({"", key_position, name_}), place.key));
      return;
    case KeyKind::kLater:
      if (asks_for_nothing(node)) return;
      mistake(key_position, check_entry(place.key, place.pattern, place.type, {}).error());
      return;
    case KeyKind::kOther:
      break;
  }
  const std::string name(display_key(place.key));
  switch (shape_of(place.pattern)) {
    case Shape::kValue:
      if (!find_option(place.pattern, place.type)) break;
      value(node, place);
      return;
    case Shape::kMap:
    case Shape::kNamedMap:
      if (node.kind == Kind::kMap) {
        members(node, place);
      } else if (node.kind != Kind::kNull) {
        expected_map(name, node);
      }
      return;
    case Shape::kList:
      if (node.kind == Kind::kList) {
        list(node, place);
      } else if (node.kind != Kind::kNull) {
        mistake("QT114", node.position, name + ": expected a list, got " + kind_name(node));
      }
      return;
    case Shape::kNothing:
      break;
  }
  mistake(key_position, unknown_key(place.key, place.type));
}

void Flattener::list(const YamlNode& list, const Place& place) {
  constexpr size_t kMaxElements = 1000;  // as option_key.cc allows
  if (list.items.size() > kMaxElements) {
    mistake("QT115", list.position,
            std::string(display_key(place.key)) + ": more than 1000 elements");
    return;
  }
  split_items(list, place);
  for (size_t i = 0; i < list.items.size() && !is_full(); ++i) {
    element(list.items[i],
            {place.key + "[" + std::to_string(i) + "]", place.pattern + "[]", place.type});
  }
}

// "- id: x" and "- type: y" under two dashes: meant as one.
void Flattener::split_items(const YamlNode& list, const Place& place) {
  for (size_t i = 0; i + 1 < list.items.size(); ++i) {
    const YamlNode& here = list.items[i];
    const YamlNode& next = list.items[i + 1];
    if (here.kind != Kind::kMap || find_member(here, "type")) continue;
    if (next.members.size() != 1 || !find_member(next, "type")) continue;
    const std::string name(display_key(place.key));
    mistake("QT116", here.position,
            name + "[" + std::to_string(i) + "] has no type but " + name + "[" +
                std::to_string(i + 1) + "] has only a type: write both under one dash");
    return;
  }
}

void Flattener::element(const YamlNode& element, const Place& place) {
  const std::string name(display_key(place.key));
  if (element.kind != Kind::kMap && element.kind != Kind::kNull) {
    expected_map(name, element);
    return;
  }
  Place inside = place;
  const Option* type_option = find_option(place.pattern + ".type");
  const YamlNode* type = type_option ? find_member(element, "type") : nullptr;
  if (type && type->kind == Kind::kNull) type = nullptr;
  if (type && type->kind == Kind::kText) inside.type = type->text;
  // Of a type that does not exist (yet), or that is off, nothing but the type is checked.
  const bool is_good_type = type && check_value(*type_option, name, inside.type).ok();
  if (type && (!is_good_type || inside.type == "disabled")) {
    value(*type, {place.key + ".type", place.pattern + ".type", {}});
    return;
  }
  members(element, inside);
  for (const std::string_view word : required_below(place.pattern, inside.type)) {
    const YamlNode* found = find_member(element, word);
    if (found && !(found->kind == Kind::kText && found->text.empty()) &&
        found->kind != Kind::kNull) {
      continue;
    }
    mistake(element.position, missing_option(name, inside.type, word));
  }
}

void Flattener::value(const YamlNode& node, const Place& place) {
  if (node.kind == Kind::kNull) return;
  const Option& option = *find_option(place.pattern, place.type);
  std::optional<std::string> text = text_of(node, option, place);
  if (!text) return;
  const Status status = check_entry(place.key, place.pattern, place.type, *text);
  if (!status.ok()) return mistake(node.position, status.error());
  add(place, std::move(*text), node.position);
}

std::optional<std::string> Flattener::text_of(const YamlNode& node, const Option& option,
                                              const Place& place) {
  if (node.kind == Kind::kText) return option.expands ? expanded(node, place) : node.text;
  if (node.kind == Kind::kMap && option.type == OptionType::kSecret)
    return value_source(node, place);
  if (node.kind == Kind::kList && option.type == OptionType::kWords) return joined(node, place);
  mistake("QT117", node.position,
          std::string(display_key(place.key)) + ": expected " + expected_text(option.type) +
              ", got " + kind_name(node));
  return std::nullopt;
}

std::optional<std::string> Flattener::variable(const std::string& name, const Position& position,
                                               const Place& place) {
  std::optional<std::string> found = environment_ ? environment_(name) : std::nullopt;
  if (!found) {
    mistake("QT119", position,
            std::string(display_key(place.key)) + ": environment variable " + name + " is not set");
  }
  return found;
}

// {type: env, value: NAME} or {type: text, value: X} (spec/config.md 4).
std::optional<std::string> Flattener::value_source(const YamlNode& node, const Place& place) {
  const std::string name(display_key(place.key));
  const YamlNode* type = find_member(node, "type");
  const YamlNode* value = find_member(node, "value");
  const bool is_text = type && type->kind == Kind::kText && type->text == "text";
  const bool is_env = type && type->kind == Kind::kText && type->text == "env";
  if ((!is_text && !is_env) || !value || value->kind != Kind::kText || node.members.size() != 2) {
    mistake("QT118", node.position,
            name + ": expected text, {type: env, value: NAME} or {type: text, value: ...}");
    return std::nullopt;
  }
  if (is_text) return value->text;
  return variable(value->text, value->position, place);
}

// "${NAME}" becomes what the environment says.
std::optional<std::string> Flattener::expanded(const YamlNode& node, const Place& place) {
  std::string out;
  std::string_view rest = node.text;
  for (size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    const size_t end = rest.find('}', at);
    if (end == std::string_view::npos) break;
    const std::string name(rest.substr(at + 2, end - at - 2));
    const std::optional<std::string> found = variable(name, node.position, place);
    if (!found) return std::nullopt;
    out.append(rest.substr(0, at)).append(*found);
    rest.remove_prefix(end + 1);
  }
  return out.append(rest);
}

std::optional<std::string> Flattener::joined(const YamlNode& list, const Place& place) {
  std::string text;
  for (const YamlNode& item : list.items) {
    if (item.kind != Kind::kText) {
      mistake("QT120", item.position,
              std::string(display_key(place.key)) + ": expected a word, got " + kind_name(item));
      return std::nullopt;
    }
    text += (text.empty() ? "" : ", ") + item.text;
  }
  return text;
}

}  // namespace

void flatten(const YamlNode& root, const std::string& name, const Config::Environment& environment,
             FlatConfig& ret) {
  Flattener(name, environment, ret).members(root, {});
}

}  // namespace qtap
