// SPDX-License-Identifier: Apache-2.0
// The question whether a field's value and a constant agree, made ready for the constant's type:
// what it is compared with stands in the test itself, and orders of integers are ranges.
// In: a Step (program.h) and a value. Out: a Verdict. Thread: immutable; borrows what the step's
// program does.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "rulekit/address.h"
#include "rulekit/key_table.h"
#include "rulekit/membership.h"
#include "rulekit/pattern.h"
#include "rulekit/text_search.h"
#include "rulekit/tree.h"
#include "rulekit/value.h"

namespace qtap::rulekit {

// A network as two masked words.
struct NetworkTest {
  uint64_t mask[2] = {};
  uint64_t bits[2] = {};
  bool is_ipv4 = false;
};

enum class TestKind : uint8_t {
  kOther,       // none of these: of whatever types
  kEqualText,   // a string == or != a string
  kEqualShort,  // the same, of a string that fits ShortText
  kIntegers,    // an integer within a range, or outside of it
  kNumbers,     // a number against a double
  kWithin,      // an IP == or != or contains a network
  kAmong,       // a string or an integer in a constant array
  kHasText,     // a string contains a string, a list has an element that is equal to it
  kFound,       // a string matches or == or contains or != a regex
  kStartsWith,  // starts_with(field, string)
  kTruth,       // the field alone
};

struct FieldTest {
  // first, first + 1, .. first + count, without a wrap: all integers with the greatest count.
  struct Integers {
    int64_t first;
    uint64_t count;
  };
  // A ShortText.
  struct Words {
    uint64_t first;
    uint64_t last;
  };

  TestKind kind = TestKind::kOther;
  Op op = Op::kEq;
  bool negated = false;
  uint8_t short_len = 0;
  uint32_t field = 0;
  union {
    Integers integers = {};
    Words words;
    double number;
    Value::Text text;
    const NetworkTest* network;
    const Membership* members;
    const Pattern* pattern;
  };

  std::string_view str() const { return {text.data, text.len}; }
};

// Makes the test `integer op constant` for an order or an equality.
void set_integers(FieldTest* test, Op op, int64_t constant);
// Makes the test `string == constant`, or != when it is negated.
void set_equal(FieldTest* test, const Value& constant);

// What a test says, or that another type is in the field than it is made for.
enum class Verdict : uint8_t { kFalse, kTrue, kOther };

inline Verdict verdict(bool truth) {
  return truth ? Verdict::kTrue : Verdict::kFalse;
}

inline bool is_within(const NetworkTest& test, const Value& ip) {
  uint64_t words[2];
  std::memcpy(words, ip.ip.data(), sizeof words);
  return ((words[0] & test.mask[0]) == test.bits[0]) &
             ((words[1] & test.mask[1]) == test.bits[1]) &&
         (test.is_ipv4 || !is_ipv4(ip.ip));
}

// Not for NaN, which has a place of its own in the order (compare.cc).
bool by_order(Op op, double left, double right);
// Arrays and lists of strings alike.
bool has_element(const Value& list, std::string_view text);

// Inline: for an ordinary rule it is all there is to do.
[[gnu::always_inline]] inline Verdict verdict_of(const FieldTest& test, const Value& value) {
  switch (test.kind) {
    case TestKind::kEqualText:
      if (value.type != Type::kString) break;
      return verdict(same_text(value.str(), test.str()) != test.negated);
    case TestKind::kEqualShort: {
      if (value.type != Type::kString) break;
      if (value.text.len != test.short_len) return verdict(test.negated);
      const ShortText words(value.text.data, value.text.len);
      const bool same = (words.first == test.words.first) & (words.last == test.words.last);
      return verdict(same != test.negated);
    }
    case TestKind::kIntegers: {
      if (value.type != Type::kInt) break;
      const auto from_first =
          static_cast<uint64_t>(value.i) - static_cast<uint64_t>(test.integers.first);
      return verdict((from_first <= test.integers.count) != test.negated);
    }
    case TestKind::kNumbers: {
      double number = 0;
      if (value.type == Type::kDouble || value.type == Type::kFloat32) {
        number = value.d;
      } else if (value.type == Type::kInt) {
        number = static_cast<double>(value.i);
      } else {
        break;
      }
      if (number != number) break;
      return verdict(by_order(test.op, number, test.number));
    }
    case TestKind::kWithin:
      if (value.type != Type::kIp || value.no_address) break;
      return verdict(is_within(*test.network, value) != test.negated);
    case TestKind::kAmong:
      if (value.type == Type::kString) {
        return verdict(test.members->texts.find(value.str()) != KeyTable<std::string_view>::kNone);
      }
      if (value.type != Type::kInt) break;
      return verdict(test.members->integers.find(value.i) != KeyTable<int64_t>::kNone);
    case TestKind::kHasText:
      if (value.type == Type::kString) return verdict(has_part(value.str(), test.str()));
      if (value.type != Type::kArray && value.type != Type::kStringList) break;
      return verdict(has_element(value, test.str()));
    case TestKind::kFound:
      if (value.type != Type::kString) break;
      return verdict(test.pattern->found_in(value.str()) != test.negated);
    case TestKind::kStartsWith:
      if (value.type != Type::kString) break;
      return verdict(begins_with(value.str(), test.str()));
    case TestKind::kTruth:
      return verdict(truthy(value));
    case TestKind::kOther:
      break;
  }
  return Verdict::kOther;
}

}  // namespace qtap::rulekit
