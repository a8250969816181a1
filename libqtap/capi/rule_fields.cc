// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h: the fields that a host has, and those of a transaction.
#include <string>
#include <string_view>

#include <qtap/value.h>

#include "capi/rule_names.h"
#include "model/field_table.h"

namespace qtap::capi {

namespace {

rulekit::Type type_of_field(int type) {
  switch (type) {
    case QTAP_VALUE_BOOL:
      return rulekit::Type::kBool;
    case QTAP_VALUE_INT64:
      return rulekit::Type::kInt;
    case QTAP_VALUE_UINT64:
      return rulekit::Type::kUint;
    case QTAP_VALUE_DOUBLE:
      return rulekit::Type::kDouble;
    case QTAP_VALUE_STRING:
      return rulekit::Type::kString;
    case QTAP_VALUE_BYTES:
      return rulekit::Type::kBytes;
    case QTAP_VALUE_IP:
      return rulekit::Type::kIp;
    case QTAP_VALUE_CIDR:
      return rulekit::Type::kCidr;
    case QTAP_VALUE_MAC:
      return rulekit::Type::kMac;
    case QTAP_VALUE_STRING_LIST:
      return rulekit::Type::kStringList;
    default:
      return rulekit::Type::kNull;  // lists and maps hold anything
  }
}

rulekit::Type type_of_field(FieldType type) {
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

void add_field(std::string name, rulekit::Type type, RuleNames* names) {
  names->fields.push_back({names->field_names.emplace_back(std::move(name)), type});
}

}  // namespace

Status take_fields(const qtap_rule_names& from, RuleNames* names) {
  for (size_t at = 0; at < from.field_count; ++at) {
    const qtap_rule_known_field& field = from.fields[at];
    if (field.name == nullptr || *field.name == '\0')
      return bad_entry("fields", at, "it has no name");
    if (field.reserved != 0 || field.type < 0 || field.type > QTAP_VALUE_MAP) {
      return too_new("the type of field \"" + std::string(field.name) + "\"");
    }
    add_field(field.name, type_of_field(field.type), names);
  }
  return {};
}

void add_transaction_fields(RuleNames* names) {
  for (const Field& field : field_table()) {
    if (field.owner != FieldOwner::kConnection && field.owner != FieldOwner::kTransaction) continue;
    const std::string_view name = name_in_rules(field.name);
    const rulekit::Type type = type_of_field(field.type);
    add_field(std::string(name), type, names);
    for (const FieldAlias& alias : field_aliases()) {
      const std::string_view meant = alias.stands_for;
      const bool is_alias = meant.ends_with('.') ? name.starts_with(meant) : name == meant;
      if (is_alias) {
        add_field(alias.alias + std::string(name.substr(meant.size())), type, names);
      }
    }
  }
}

}  // namespace qtap::capi
