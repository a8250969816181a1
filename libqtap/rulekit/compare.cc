// SPDX-License-Identifier: Apache-2.0
#include "rulekit/compare.h"

#include <algorithm>
#include <cmath>

#include "rulekit/address.h"
#include "rulekit/chars.h"
#include "rulekit/pattern.h"
#include "rulekit/text_search.h"

namespace qtap::rulekit {

namespace {

// For pairs that know only equality and, some of them, containment.
bool pick(Op op, bool equal, bool contains) {
  switch (op) {
    case Op::kEq:
      return equal;
    case Op::kNe:
      return !equal;
    case Op::kContains:
      return contains;
    default:
      return false;
  }
}

bool by_order(Op op, int order) {
  switch (op) {
    case Op::kEq:
      return order == 0;
    case Op::kNe:
      return order != 0;
    case Op::kLt:
      return order < 0;
    case Op::kLe:
      return order <= 0;
    case Op::kGt:
      return order > 0;
    case Op::kGe:
      return order >= 0;
    case Op::kContains:
      return false;
  }
  return false;
}

template <typename T>
int three_way(T left, T right) {
  return left < right ? -1 : left > right ? 1 : 0;
}

double to_double(const Value& value) {
  switch (value.type) {
    case Type::kInt:
      return static_cast<double>(value.i);
    case Type::kUint:
      return static_cast<double>(value.u);
    default:
      return value.d;
  }
}

bool is_float(const Value& value) {
  return value.type == Type::kFloat32 || value.type == Type::kDouble;
}

// NaN equals NaN and is below every other number (S30), so that the order is total.
int order_of_doubles(double left, double right) {
  const bool left_nan = std::isnan(left);
  const bool right_nan = std::isnan(right);
  if (left_nan || right_nan) return left_nan && right_nan ? 0 : left_nan ? -1 : 1;
  return three_way(left, right);
}

int order_of_numbers(const Value& left, const Value& right) {
  if (is_float(left) || is_float(right)) return order_of_doubles(to_double(left), to_double(right));
  if (left.type == Type::kInt && right.type == Type::kInt) return three_way(left.i, right.i);
  if (left.type == Type::kUint && right.type == Type::kUint) return three_way(left.u, right.u);
  if (left.type == Type::kInt) {
    return left.i < 0 ? -1 : three_way(static_cast<uint64_t>(left.i), right.u);
  }
  return right.i < 0 ? 1 : three_way(left.u, static_cast<uint64_t>(right.i));
}

bool same_letters(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

bool has_letters(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return to_lower(a) == to_lower(b); }) != text.end() ||
         part.empty();
}

bool compare_string(std::string_view left, Op op, const Value& right) {
  switch (right.type) {
    case Type::kString:
      return pick(op, left == right.str(), has_part(left, right.str()));
    case Type::kRegex: {
      const bool found = right.pattern->found_in(left);
      return pick(op, found, found);
    }
    case Type::kIp:
    case Type::kCidr: {
      const AddressText text = address_text(right);
      return pick(op, left == text.view(), has_part(left, text.view()));
    }
    case Type::kHex:
      return pick(op, left == right.hex->bytes, has_part(left, right.hex->bytes));
    default:
      return false;
  }
}

bool compare_ip(const Value& left, Op op, const Value& right) {
  if (right.type == Type::kIp) {
    const bool equal =
        left.no_address == right.no_address && (left.no_address || left.ip == right.ip);
    return pick(op, equal, /*contains=*/false);
  }
  if (right.type != Type::kCidr) return false;
  const bool member = cidr_contains(right, left);
  return pick(op, member, member);
}

bool compare_cidr(const Value& left, Op op, const Value& right) {
  if (right.type != Type::kIp) return false;
  const bool member = cidr_contains(left, right);
  return pick(op, member, member);
}

bool compare_mac(const Value& left, Op op, const Value& right) {
  if (right.type == Type::kMac)
    return pick(op, left.str() == right.str(), has_part(left.str(), right.str()));
  const AddressText text = mac_text(left.str());
  if (right.type == Type::kHex) {
    return pick(op, same_letters(text.view(), right.hex->raw),
                has_part(text.view(), right.hex->raw));
  }
  if (right.type != Type::kString) return false;
  return pick(op, same_letters(text.view(), right.str()), has_letters(text.view(), right.str()));
}

template <typename Test>
bool any_of(const Value& list, Test test) {
  const auto items = list.elements();
  return std::any_of(items.begin(), items.end(), test);
}

// Lists of strings compare with strings and regexes only; `!=` asks whether *some* element differs
// (S25).
bool compare_string_list(const Value& left, Op op, const Value& right) {
  if (right.type != Type::kString && right.type != Type::kRegex) return false;
  const Op each = op == Op::kContains ? Op::kEq : op;
  return any_of(left, [&](const Value& item) { return compare(item, each, right); });
}

// Numeric lists and arrays: `!=` asks whether *no* element is equal.
bool compare_list(const Value& left, Op op, const Value& right) {
  const Op each = op == Op::kContains || op == Op::kNe ? Op::kEq : op;
  const bool some = any_of(left, [&](const Value& item) { return compare(item, each, right); });
  return op == Op::kNe ? !some : some;
}

bool compare_with_array(const Value& left, Op op, const Value& right) {
  if (op == Op::kContains) return false;
  const Op each = op == Op::kNe ? Op::kEq : op;
  const bool some = any_of(right, [&](const Value& item) { return compare(left, each, item); });
  return op == Op::kNe ? !some : some;
}

}  // namespace

bool compare(const Value& left, Op op, const Value& right) {
  if (right.type == Type::kArray) return compare_with_array(left, op, right);
  switch (left.type) {
    case Type::kBool:
      return right.type == Type::kBool && pick(op, left.b == right.b, false);
    case Type::kInt:
    case Type::kUint:
    case Type::kFloat32:
    case Type::kDouble:
      return right.is_number() && by_order(op, order_of_numbers(left, right));
    case Type::kString:
      return compare_string(left.str(), op, right);
    case Type::kIp:
      return compare_ip(left, op, right);
    case Type::kCidr:
      return compare_cidr(left, op, right);
    case Type::kMac:
      return compare_mac(left, op, right);
    case Type::kStringList:
      return compare_string_list(left, op, right);
    case Type::kNumberList:
    case Type::kArray:
      return compare_list(left, op, right);
    case Type::kNull:
    case Type::kHex:
    case Type::kRegex:
    case Type::kMap:
    case Type::kBytes:
    case Type::kForeign:
      return false;
  }
  return false;
}

bool is_in(const Value& value, const Value& set) {
  if (set.is_list()) return compare(set, Op::kContains, value);
  const bool may_be_member = value.type == Type::kIp || value.type == Type::kArray;
  return set.type == Type::kCidr && may_be_member && compare(value, Op::kEq, set);
}

bool matches(const Value& value, const Value& regex) {
  if (value.type == Type::kString) return regex.pattern->found_in(value.str());
  if (value.type != Type::kStringList) return false;  // arrays of mixed kinds neither (S32)
  return any_of(value, [&](const Value& item) { return matches(item, regex); });
}

}  // namespace qtap::rulekit
