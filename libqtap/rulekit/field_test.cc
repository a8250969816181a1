// SPDX-License-Identifier: Apache-2.0
#include "rulekit/field_test.h"

#include <algorithm>

#include "rulekit/compare.h"

namespace qtap::rulekit {

void set_integers(FieldTest* test, Op op, int64_t constant) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const auto below = static_cast<uint64_t>(constant) - static_cast<uint64_t>(kLeast);
  test->kind = TestKind::kIntegers;
  switch (op) {
    case Op::kEq:
    case Op::kNe:
      test->integers = {constant, 0};
      break;
    case Op::kLe:
    case Op::kGt:
      test->integers = {kLeast, below};
      break;
    default:  // < and >=, by what is at least the constant
      test->integers = {constant, UINT64_MAX - below};
      break;
  }
  test->negated = op == Op::kNe || op == Op::kGt || op == Op::kLt;
}

void set_equal(FieldTest* test, const Value& constant) {
  if (constant.text.len > ShortText::kMax) {
    test->kind = TestKind::kEqualText;
    test->text = constant.text;
    return;
  }
  test->kind = TestKind::kEqualShort;
  test->short_len = static_cast<uint8_t>(constant.text.len);
  const ShortText words(constant.text.data, constant.text.len);
  test->words = {words.first, words.last};
}

bool by_order(Op op, double left, double right) {
  switch (op) {
    case Op::kEq:
      return left == right;
    case Op::kNe:
      return left != right;
    case Op::kLt:
      return left < right;
    case Op::kLe:
      return left <= right;
    case Op::kGt:
      return left > right;
    case Op::kGe:
      return left >= right;
    case Op::kContains:
      break;
  }
  return false;
}

bool has_element(const Value& list, std::string_view text) {
  const auto items = list.elements();
  return std::any_of(items.begin(), items.end(), [text](const Value& item) {
    return item.type == Type::kString ? same_text(item.str(), text)
                                      : compare(item, Op::kEq, Value::string(text));
  });
}

}  // namespace qtap::rulekit
