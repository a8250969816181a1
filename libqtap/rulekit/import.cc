// SPDX-License-Identifier: Apache-2.0
#include "rulekit/import.h"

#include <algorithm>

#include <qtap/value.h>

#include "rulekit/address.h"
#include "rulekit/chars.h"

namespace qtap::rulekit {

namespace {

int import_network(const qtap_value& value, Value* ret) {
  const unsigned bits = value.family == 4 ? value.bits + kMappedBits : value.bits;
  if ((value.family != 4 && value.family != 6) || value.bits > 128 || bits > 128) {
    return QTAP_ERR_INVALID;
  }
  IpBytes ip{};
  std::copy(std::begin(value.ip), std::end(value.ip), ip.begin());
  *ret = network(ip, bits);
  return QTAP_OK;
}

std::string_view text_of(const qtap_value& value) {
  if (value.s.data == nullptr) return {};
  return {value.s.data, value.s.len};
}

// As a rule would have them written: 47:45:54.
const HexText* hex_text_of(std::string_view bytes, Scratch& scratch) {
  const auto raw = scratch.array<char>(bytes.empty() ? 0 : 3 * bytes.size() - 1);
  for (size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (at > 0) raw[3 * at - 1] = ':';
    raw[3 * at] = kLowerHex[byte >> 4];
    raw[3 * at + 1] = kLowerHex[byte & 15];
  }
  HexText* text = scratch.array<HexText>(1).data();
  *text = {bytes, {raw.data(), raw.size()}};
  return text;
}

struct Budget {
  int depth;
  size_t items;
};

int import_nested(const qtap_value& value, Budget* budget, Scratch& scratch, Value* ret);

int import_list(const qtap_value& value, Type type, Budget* budget, Scratch& scratch, Value* ret) {
  if (budget->depth == 0 || value.count > budget->items) return QTAP_ERR_LIMIT;
  if (value.count > 0 && value.items == nullptr) return QTAP_ERR_INVALID;
  --budget->depth;
  budget->items -= value.count;
  const auto items = scratch.values(value.count);
  for (size_t at = 0; at < items.size(); ++at) {
    if (type == Type::kStringList && value.items[at].type != QTAP_VALUE_STRING) {
      return QTAP_ERR_INVALID;
    }
    const int status = import_nested(value.items[at], budget, scratch, &items[at]);
    if (status < 0) return status;
  }
  ++budget->depth;
  *ret = Value::list(type, items);
  return QTAP_OK;
}

int import_map(const qtap_value& value, Budget* budget, Scratch& scratch, Value* ret) {
  if (budget->depth == 0 || value.count > budget->items) return QTAP_ERR_LIMIT;
  if (value.count % 2 != 0 || (value.count > 0 && value.items == nullptr)) return QTAP_ERR_INVALID;
  --budget->depth;
  budget->items -= value.count;
  const auto entries = scratch.array<MapEntry>(value.count / 2);
  for (size_t at = 0; at < entries.size(); ++at) {
    const qtap_value& name = value.items[2 * at];
    if (name.type != QTAP_VALUE_STRING) return QTAP_ERR_INVALID;
    entries[at].key = text_of(name);
    const int status = import_nested(value.items[2 * at + 1], budget, scratch, &entries[at].value);
    if (status < 0) return status;
  }
  ++budget->depth;
  const auto by_key = [](const MapEntry& a, const MapEntry& b) { return a.key < b.key; };
  std::sort(entries.begin(), entries.end(), by_key);
  const auto same_key = [](const MapEntry& a, const MapEntry& b) { return a.key == b.key; };
  if (std::adjacent_find(entries.begin(), entries.end(), same_key) != entries.end()) {
    return QTAP_ERR_INVALID;
  }
  *ret = Value::map(entries);
  return QTAP_OK;
}

int import_nested(const qtap_value& value, Budget* budget, Scratch& scratch, Value* ret) {
  const std::string_view text = text_of(value);
  switch (value.type) {
    case QTAP_VALUE_NULL:
      *ret = Value::null();
      return QTAP_OK;
    case QTAP_VALUE_BOOL:
      *ret = Value::boolean(value.i != 0);
      return QTAP_OK;
    case QTAP_VALUE_INT64:
      *ret = Value::integer(value.i);
      return QTAP_OK;
    case QTAP_VALUE_UINT64:
      *ret = Value::unsigned_integer(value.u);
      return QTAP_OK;
    case QTAP_VALUE_DOUBLE:
      *ret = Value::number(value.d);
      return QTAP_OK;
    case QTAP_VALUE_STRING:
      *ret = Value::string(text);
      return QTAP_OK;
    case QTAP_VALUE_BYTES:
      *ret = Value::bytes(text);
      return QTAP_OK;
    case QTAP_VALUE_IP: {
      IpBytes ip{};
      std::copy(std::begin(value.ip), std::end(value.ip), ip.begin());
      *ret = Value::ip_address(ip);
      return QTAP_OK;
    }
    case QTAP_VALUE_CIDR:
      return import_network(value, ret);
    case QTAP_VALUE_MAC:
      if (text.size() > kMaxMacBytes) return QTAP_ERR_INVALID;
      *ret = Value::mac(text);
      return QTAP_OK;
    case QTAP_VALUE_LIST:
      return import_list(value, Type::kArray, budget, scratch, ret);
    case QTAP_VALUE_STRING_LIST:
      return import_list(value, Type::kStringList, budget, scratch, ret);
    case QTAP_VALUE_HEX:
      *ret = Value::hex_text(*hex_text_of(text, scratch));
      return QTAP_OK;
    case QTAP_VALUE_REGEX:
      return QTAP_ERR_INVALID;
    case QTAP_VALUE_MAP:
      return import_map(value, budget, scratch, ret);
    default:
      *ret = Value::foreign("<unknown>");
      return QTAP_OK;
  }
}

}  // namespace

int import_value(const qtap_value& value, Scratch& scratch, Value* ret) {
  Budget budget{kMaxListDepth, kMaxListItems};
  return import_nested(value, &budget, scratch, ret);
}

}  // namespace qtap::rulekit
