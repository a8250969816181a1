// SPDX-License-Identifier: Apache-2.0
#include "rulekit/import.h"

#include <algorithm>

#include <qtap/value.h>

#include "rulekit/address.h"

namespace qtap::rulekit {

namespace {

constexpr unsigned kMappedBits = 96;  // ::ffff:0:0/96, RFC 4291 2.5.5.2

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

int import_nested(const qtap_value& value, Budget* budget, Scratch& scratch, Value* ret) {
  const std::string_view text(value.s.data == nullptr ? "" : value.s.data,
                              value.s.data == nullptr ? 0 : value.s.len);
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
