// SPDX-License-Identifier: Apache-2.0
#include "plugin/rule_fields.h"

#include <string_view>
#include <utility>

namespace qtap::plugin {
namespace {

rulekit::Type rule_type(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return rulekit::Type::kBool;
    case FieldType::kInt:
      return rulekit::Type::kInt;
    case FieldType::kNumber:
      return rulekit::Type::kDouble;
    case FieldType::kText:
      return rulekit::Type::kString;
    case FieldType::kIp:
      return rulekit::Type::kIp;
    case FieldType::kTextList:
      return rulekit::Type::kStringList;
  }
  return rulekit::Type::kNull;
}

// As rules write it: "http.req.headers." for "http.req.headers.<name>", "tls.alpn" for
// "tls.alpn[]".
std::string_view name_in_rules(std::string_view name) {
  if (name.ends_with("<name>")) name.remove_suffix(6);
  if (name.ends_with("[]")) name.remove_suffix(2);
  return name;
}

}  // namespace

void add_transaction_fields(RuleFields* ret) {
  for (const Field& field : field_table()) {
    if (field.owner != FieldOwner::kConnection && field.owner != FieldOwner::kTransaction) continue;
    const std::string_view name = name_in_rules(field.name);
    const rulekit::Type type = rule_type(field.type);
    ret->add(std::string(name), type);
    for (const FieldAlias& alias : field_aliases()) {
      const std::string_view meant = alias.stands_for;
      const bool is_alias = meant.ends_with('.') ? name.starts_with(meant) : name == meant;
      if (is_alias) ret->add(alias.alias + std::string(name.substr(meant.size())), type);
    }
  }
}

rulekit::Value rule_value(const FieldValue& from, rulekit::Scratch& scratch) {
  switch (from.type) {
    case FieldType::kBool:
      return rulekit::Value::boolean(from.boolean);
    case FieldType::kInt:
      return rulekit::Value::integer(from.integer);
    case FieldType::kNumber:
      return rulekit::Value::number(from.number);
    case FieldType::kText:
      return rulekit::Value::string(from.text);
    case FieldType::kIp:
      return rulekit::Value::ip_address(from.ip->ip);
    case FieldType::kTextList: {
      const std::span<rulekit::Value> texts = scratch.values(from.list->size());
      size_t at = 0;
      for (const std::string& text : *from.list) texts[at++] = rulekit::Value::string(text);
      return rulekit::Value::list(rulekit::Type::kStringList, texts);
    }
  }
  return rulekit::Value::null();
}

}  // namespace qtap::plugin
