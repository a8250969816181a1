// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h: the fields that a host has.
#include <string>

#include <qtap/value.h>

#include "capi/rule_names.h"

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
    case QTAP_VALUE_HEX:
      return rulekit::Type::kHex;
    case QTAP_VALUE_REGEX:
      return rulekit::Type::kRegex;
    default:
      return rulekit::Type::kNull;  // lists and maps hold anything
  }
}

}  // namespace

Status take_fields(const qtap_rule_names& from, RuleNames* names) {
  for (size_t at = 0; at < from.field_count; ++at) {
    const qtap_rule_known_field& field = from.fields[at];
    if (field.name == nullptr || *field.name == '\0')
      return bad_entry("fields", at, "it has no name");
    if (field.reserved != 0 || field.type < 0 || field.type > QTAP_VALUE_REGEX) {
      return too_new("the type of field \"" + std::string(field.name) + "\"");
    }
    names->fields.add(field.name, type_of_field(field.type));
  }
  return {};
}

}  // namespace qtap::capi
