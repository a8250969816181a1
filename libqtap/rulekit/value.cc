// SPDX-License-Identifier: Apache-2.0
#include "rulekit/value.h"

#include <algorithm>

namespace qtap::rulekit {

static_assert(sizeof(Value) <= 32, "values are copied for every operand");

namespace {

Value of(Type type) {
  Value value;
  value.type = type;
  return value;
}

Value of_text(Type type, std::string_view text) {
  Value value = of(type);
  value.text = {text.data(), text.size()};
  return value;
}

}  // namespace

Value Value::boolean(bool value) {
  Value result = of(Type::kBool);
  result.b = value;
  return result;
}

Value Value::integer(int64_t value) {
  Value result = of(Type::kInt);
  result.i = value;
  return result;
}

Value Value::unsigned_integer(uint64_t value) {
  Value result = of(Type::kUint);
  result.u = value;
  return result;
}

Value Value::number(double value) {
  Value result = of(Type::kDouble);
  result.d = value;
  return result;
}

Value Value::float32(float value) {
  Value result = of(Type::kFloat32);
  result.d = static_cast<double>(value);
  return result;
}

Value Value::string(std::string_view value) {
  return of_text(Type::kString, value);
}
Value Value::bytes(std::string_view value) {
  return of_text(Type::kBytes, value);
}
Value Value::mac(std::string_view raw) {
  return of_text(Type::kMac, raw);
}
Value Value::foreign(std::string_view shown_as) {
  return of_text(Type::kForeign, shown_as);
}

Value Value::ip_address(const IpBytes& value) {
  Value result = of(Type::kIp);
  result.ip = value;
  return result;
}

Value Value::cidr(const IpBytes& network, uint8_t prefix) {
  Value result = of(Type::kCidr);
  result.ip = network;
  result.prefix = prefix;
  return result;
}

Value Value::hex_text(const HexText& value) {
  Value result = of(Type::kHex);
  result.hex = &value;
  return result;
}

Value Value::regex(const Pattern& value) {
  Value result = of(Type::kRegex);
  result.pattern = &value;
  return result;
}

Value Value::list(Type type, std::span<const Value> values) {
  Value result = of(type);
  result.items = {values.data(), values.size()};
  return result;
}

Value Value::map(std::span<const MapEntry> values) {
  Value result = of(Type::kMap);
  result.entries = {values.data(), values.size()};
  return result;
}

std::span<const MapEntry> Value::members() const {
  return {entries.data, entries.count};
}

bool Value::is_number() const {
  return type >= Type::kInt && type <= Type::kDouble;
}

bool Value::is_list() const {
  return type >= Type::kArray && type <= Type::kNumberList;
}

bool truthy_other(const Value& value) {
  switch (value.type) {
    case Type::kNull:
      return false;
    case Type::kBool:
      return value.b;
    case Type::kInt:
      return value.i != 0;
    case Type::kUint:
      return value.u != 0;
    case Type::kFloat32:
    case Type::kDouble:
      return value.d != 0;  // NaN is truthy, -0 is not
    case Type::kString:
    case Type::kBytes:
    case Type::kMac:
      return value.text.len != 0;
    case Type::kIp:
    case Type::kCidr:
      return !value.no_address;
    case Type::kArray:
      return value.items.count != 0;
    case Type::kHex:
    case Type::kRegex:
    case Type::kStringList:  // even when empty, as the existing engine has it (S18)
    case Type::kNumberList:
    case Type::kMap:
    case Type::kForeign:
      return true;
  }
  return false;
}

const Value* find_member(std::span<const MapEntry> entries, std::string_view name) {
  for (;;) {
    auto find = [&](std::string_view key) {
      auto it = std::find_if(entries.begin(), entries.end(),
                             [key](const MapEntry& entry) { return entry.key == key; });
      return it == entries.end() ? nullptr : &it->value;
    };
    if (const Value* whole = find(name)) return whole;
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    const Value* head = find(name.substr(0, dot));
    if (head == nullptr || head->type != Type::kMap) return nullptr;
    entries = head->members();
    name.remove_prefix(dot + 1);
  }
}

}  // namespace qtap::rulekit
