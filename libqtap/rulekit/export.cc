// SPDX-License-Identifier: Apache-2.0
#include "rulekit/export.h"

#include <algorithm>
#include <string>

#include <qtap/value.h>

#include "rulekit/address.h"
#include "rulekit/text.h"

namespace qtap::rulekit {

namespace {

void set_text(int type, std::string_view text, Texts texts, Scratch& scratch, qtap_value* ret) {
  const std::string_view kept = texts == Texts::kCopy ? scratch.copy(text) : text;
  ret->type = type;
  ret->s = {kept.data(), kept.size()};
}

void set_address(const Value& value, qtap_value* ret) {
  const bool is_ip4 = is_ipv4(value.ip);
  ret->family = is_ip4 ? 4 : 6;
  std::copy(value.ip.begin(), value.ip.end(), std::begin(ret->ip));
}

void set_network(const Value& value, qtap_value* ret) {
  set_address(value, ret);
  // A network of all of IPv6, or one that holds the mapped ones, is IPv6: its bits say so.
  if (value.prefix < kMappedBits) ret->family = 6;
  ret->bits = ret->family == 4 ? value.prefix - kMappedBits : value.prefix;
}

void set_items(const Value& value, Texts texts, Scratch& scratch, qtap_value* ret) {
  const auto items = scratch.array<qtap_value>(value.elements().size());
  for (size_t at = 0; at < items.size(); ++at) {
    export_value(value.elements()[at], texts, scratch, &items[at]);
  }
  ret->type = value.type == Type::kStringList ? QTAP_VALUE_STRING_LIST : QTAP_VALUE_LIST;
  ret->items = items.data();
  ret->count = items.size();
}

void set_members(const Value& value, Texts texts, Scratch& scratch, qtap_value* ret) {
  const auto members = value.members();
  const auto items = scratch.array<qtap_value>(2 * members.size());
  for (size_t at = 0; at < members.size(); ++at) {
    set_text(QTAP_VALUE_STRING, members[at].key, texts, scratch, &items[2 * at]);
    export_value(members[at].value, texts, scratch, &items[2 * at + 1]);
  }
  ret->type = QTAP_VALUE_MAP;
  ret->items = items.data();
  ret->count = items.size();
}

}  // namespace

void export_value(const Value& value, Texts texts, Scratch& scratch, qtap_value* ret) {
  *ret = {};
  switch (value.type) {
    case Type::kNull:
      ret->type = QTAP_VALUE_NULL;
      break;
    case Type::kBool:
      ret->type = QTAP_VALUE_BOOL;
      ret->i = value.b ? 1 : 0;
      break;
    case Type::kInt:
      ret->type = QTAP_VALUE_INT64;
      ret->i = value.i;
      break;
    case Type::kUint:
      ret->type = QTAP_VALUE_UINT64;
      ret->u = value.u;
      break;
    case Type::kFloat32:
    case Type::kDouble:
      ret->type = QTAP_VALUE_DOUBLE;
      ret->d = value.d;
      break;
    case Type::kString:
      set_text(QTAP_VALUE_STRING, value.str(), texts, scratch, ret);
      break;
    case Type::kBytes:
    case Type::kForeign:
      set_text(QTAP_VALUE_BYTES, value.str(), texts, scratch, ret);
      break;
    case Type::kHex:
      set_text(QTAP_VALUE_HEX, value.hex->bytes, texts, scratch, ret);
      break;
    case Type::kMac:
      set_text(QTAP_VALUE_MAC, value.str(), texts, scratch, ret);
      break;
    case Type::kRegex: {
      std::string pattern;
      append_text(value, &pattern);
      set_text(QTAP_VALUE_REGEX, pattern, Texts::kCopy, scratch, ret);
      break;
    }
    case Type::kIp:
      ret->type = value.no_address ? QTAP_VALUE_NULL : QTAP_VALUE_IP;
      if (!value.no_address) set_address(value, ret);
      break;
    case Type::kCidr:
      ret->type = value.no_address ? QTAP_VALUE_NULL : QTAP_VALUE_CIDR;
      if (!value.no_address) set_network(value, ret);
      break;
    case Type::kArray:
    case Type::kStringList:
    case Type::kNumberList:
      set_items(value, texts, scratch, ret);
      break;
    case Type::kMap:
      set_members(value, texts, scratch, ret);
      break;
  }
}

}  // namespace qtap::rulekit
