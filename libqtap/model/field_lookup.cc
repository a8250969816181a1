// SPDX-License-Identifier: Apache-2.0
// Finds the row of a field name: aliases, free last parts and list elements.
#include <algorithm>
#include <charconv>
#include <optional>

#include "base/suggest.h"
#include "model/field_table.h"

namespace qtap {
namespace {

using enum FieldType;
using enum FieldOwner;

// spec/rule-fields.md 1.
constexpr FieldAlias kAliases[] = {
    {"req.", "http.req."},      {"request.", "http.req."},   {"res.", "http.res."},
    {"response.", "http.res."}, {"exe", "src.process.path"},
};

std::optional<std::string> without_alias(std::string_view name) {
  for (const auto& [alias, stands_for] : kAliases) {
    const std::string_view word = alias;
    const bool is_prefix = word.back() == '.';
    if (is_prefix ? name.starts_with(word) : name == word) {
      return stands_for + std::string(name.substr(word.size()));
    }
  }
  return std::nullopt;
}

// "[12]" behind the name of a list, or nothing for the whole list.
bool take_element(std::string_view tail, FieldPath& found) {
  if (tail.empty()) return true;
  size_t value = 0;
  if (tail.size() < 3 || tail.front() != '[' || tail.back() != ']') return false;
  const char* end = tail.data() + tail.size() - 1;
  const auto [last, failed] = std::from_chars(tail.data() + 1, end, value);
  if (failed != std::errc() || last != end) return false;
  found.element = value;
  return true;
}

bool fits(const Field& field, std::string_view name, FieldPath& found) {
  std::string_view pattern = field.name;
  if (pattern.ends_with("<name>")) {
    pattern.remove_suffix(6);
    if (!name.starts_with(pattern) || name.size() == pattern.size()) return false;
    found.rest = name.substr(pattern.size());
    return true;
  }
  if (pattern.ends_with("[]")) {
    pattern.remove_suffix(2);
    return name.starts_with(pattern) && take_element(name.substr(pattern.size()), found);
  }
  return pattern == name;
}

bool has_owner(const FieldSource& source, FieldOwner owner) {
  switch (owner) {
    case kConnection:
      return source.connection != nullptr;
    case kTransaction:
      return source.transaction != nullptr;
    case kEvent:
      return source.event != nullptr;
    case kObject:
      return source.object != nullptr;
  }
  return false;
}

bool get(const FieldSource& source, std::string_view name, FieldValue& ret) {
  return read_field(source, parse_field(name), ret);
}

}  // namespace

const char* field_type_name(FieldType type) {
  switch (type) {
    case kBool:
      return "bool";
    case kInt:
      return "int";
    case kNumber:
      return "float";
    case kText:
      return "text";
    case kIp:
      return "ip";
    case kTextList:
      break;
  }
  return "list of text";
}

const char* field_owner_name(FieldOwner owner) {
  switch (owner) {
    case kConnection:
      return "connection";
    case kTransaction:
      return "transaction";
    case kEvent:
      return "event";
    case kObject:
      break;
  }
  return "object";
}

const char* field_stage_name(FieldStage stage) {
  switch (stage) {
    case FieldStage::kConnected:
    case FieldStage::kFlow:
    case FieldStage::kEndpoint:
      return "connection";
    case FieldStage::kAuthority:
    case FieldStage::kRequestHead:
      return "request";
    case FieldStage::kResponseHead:
      return "response";
    case FieldStage::kEnd:
      break;
  }
  return "end";
}

std::span<const FieldAlias> field_aliases() {
  return kAliases;
}

// The table holds some hundred names, most of which differ early: a walk costs about as much as
// hashing the name.
FieldPath parse_field(std::string_view name) {
  const std::optional<std::string> spelt_out = without_alias(name);
  if (spelt_out) name = *spelt_out;
  for (const Field& field : field_table()) {
    FieldPath found;
    if (!fits(field, name, found)) continue;
    found.field = &field;
    return found;
  }
  return {};
}

bool read_field(const FieldSource& source, const FieldPath& path, FieldValue& ret) {
  if (!path.field || !has_owner(source, path.field->owner)) return false;
  FieldValue value;
  if (!path.field->get(source, path.rest, value)) return false;
  if (path.element) {
    if (*path.element >= value.list->size()) return false;
    value.type = kText;
    value.text = (*value.list)[*path.element];
    value.list = nullptr;
  }
  ret = value;
  return true;
}

bool is_settled(const Field& field, FieldStage stage, const FieldSource& source) {
  const Connection& connection = *source.connection;
  const bool is_named = connection.endpoint_is_name && !connection.endpoint_is_asked;
  if (stage == FieldStage::kEnd) return true;
  if (field.stage == FieldStage::kFlow) {
    return connection.direction != FlowDirection::kUnknown &&
           connection.direction != FlowDirection::kEgress;
  }
  if (field.stage == FieldStage::kEndpoint) {
    return is_named;
  }
  if (field.stage == FieldStage::kAuthority) {
    return stage >= FieldStage::kRequestHead && source.transaction &&
           (is_named || names_authority(*source.transaction));
  }
  return field.stage <= stage;
}

const Field* find_field(std::string_view name) {
  return parse_field(name).field;
}

std::string suggest_field(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Field& field : field_table()) names.push_back(field.name);
  return nearest(name, names);
}

bool get_field(const Connection& connection, std::string_view name, FieldValue& ret) {
  return get({.connection = &connection}, name, ret);
}

bool get_field(const Transaction& transaction, std::string_view name, FieldValue& ret) {
  return get({.connection = transaction.connection.get(), .transaction = &transaction}, name, ret);
}

bool get_field(const Event& event, std::string_view name, FieldValue& ret) {
  return get({.event = &event}, name, ret);
}

bool get_field(const Object& object, std::string_view name, FieldValue& ret) {
  FieldSource source = {.object = &object};
  source.transaction = object.transaction.get();
  if (source.transaction) source.connection = source.transaction->connection.get();
  return get(source, name, ret);
}

}  // namespace qtap
