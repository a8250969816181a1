// SPDX-License-Identifier: Apache-2.0
// Section 8 of the language, row by row: `l OP r` over fields of every type.
#include "rulekit/compare.h"

#include <limits>
#include <string>
#include <vector>

#include "rulekit/pattern.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::cidr;
using qtap::rulekit::test::ip;
using qtap::rulekit::test::outcome;

namespace {

// Which of == != contains < <= > >= are true, as letters "enclLgG"; "-" for none.
std::string truths(const Value& left, const Value& right) {
  static constexpr struct {
    Op op;
    char letter;
  } kOps[] = {{Op::kEq, 'e'}, {Op::kNe, 'n'}, {Op::kContains, 'c'}, {Op::kLt, 'l'},
              {Op::kLe, 'L'}, {Op::kGt, 'g'}, {Op::kGe, 'G'}};
  std::string out;
  for (const auto& [op, letter] : kOps) {
    if (compare(left, op, right)) out += letter;
  }
  return out.empty() ? "-" : out;
}

Value str(std::string_view text) {
  return Value::string(text);
}
Value num(int64_t value) {
  return Value::integer(value);
}

Value array(const std::vector<Value>& values) {
  return Value::list(Type::kArray, values);
}
Value strings(const std::vector<Value>& values) {
  return Value::list(Type::kStringList, values);
}
Value numbers(const std::vector<Value>& values) {
  return Value::list(Type::kNumberList, values);
}

const double kNan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_SUITE("rulekit/compare") {
  TEST_CASE("bools know equality only") {
    CHECK(truths(Value::boolean(true), Value::boolean(true)) == "e");
    CHECK(truths(Value::boolean(true), Value::boolean(false)) == "n");
  }

  TEST_CASE("integers compare exactly, signed with unsigned too") {
    CHECK(truths(num(5), num(5)) == "eLG");
    CHECK(truths(num(-1), Value::unsigned_integer(UINT64_MAX)) == "nlL");
    CHECK(truths(Value::unsigned_integer(UINT64_MAX), num(-1)) == "ngG");
    CHECK(truths(num(9007199254740993), num(9007199254740992)) == "ngG");
  }

  TEST_CASE("with a float on either side both are doubles") {
    CHECK(truths(num(500), Value::number(500.0)) == "eLG");
    CHECK(truths(num(9007199254740993), Value::number(9007199254740992.0)) == "eLG");
    CHECK(truths(Value::float32(0.1F), Value::number(0.1)) == "ngG");
    CHECK(truths(Value::number(-0.0), num(0)) == "eLG");
  }

  TEST_CASE("NaN equals NaN and is below every number") {
    CHECK(truths(Value::number(kNan), Value::number(kNan)) == "eLG");
    CHECK(truths(Value::number(kNan), num(-5)) == "nlL");
    CHECK(truths(num(-5), Value::number(kNan)) == "ngG");
  }

  TEST_CASE("strings compare by bytes and have no order") {
    CHECK(truths(str("abc"), str("abc")) == "ec");
    CHECK(truths(str("abc"), str("b")) == "nc");
    CHECK(truths(str("abc"), str("")) == "nc");
    CHECK(truths(str("a"), str("b")) == "n");
  }

  TEST_CASE("a string meets regexes, addresses and hex as text") {
    const auto pattern = Pattern::create("b+");
    REQUIRE(pattern.ok());
    const HexText hex{"GET", "47:45:54"};
    CHECK(truths(str("abc"), Value::regex(**pattern)) == "ec");
    CHECK(truths(str("xyz"), Value::regex(**pattern)) == "n");
    CHECK(truths(str("1.2.3.4"), ip("1.2.3.4")) == "ec");
    CHECK(truths(str("from 1.2.3.4"), ip("1.2.3.4")) == "nc");
    CHECK(truths(str("10.0.0.0/8"), cidr("10.0.0.0/8")) == "ec");
    CHECK(truths(str("10.0.0.1"), cidr("10.0.0.0/8")) == "n");
    CHECK(truths(str("GET"), Value::hex_text(hex)) == "ec");
    CHECK(truths(str("a GET"), Value::hex_text(hex)) == "nc");
  }

  TEST_CASE("addresses are equal, or in a network, from either side") {
    CHECK(truths(ip("1.2.3.4"), ip("::ffff:1.2.3.4")) == "e");
    CHECK(truths(ip("1.2.3.4"), ip("1.2.3.5")) == "n");
    CHECK(truths(ip("10.1.1.1"), cidr("10.0.0.0/8")) == "ec");
    CHECK(truths(cidr("10.0.0.0/8"), ip("11.1.1.1")) == "n");
    CHECK(truths(cidr("10.0.0.0/8"), ip("10.1.1.1")) == "ec");
  }

  TEST_CASE("MACs meet MACs, hex and text without regard to case") {
    const Value mac = Value::mac("\xab\xcd\xef\x01\x02\x03");
    const HexText same{"", "AB:CD:EF:01:02:03"};
    CHECK(truths(mac, Value::mac("\xab\xcd\xef\x01\x02\x03")) == "ec");
    CHECK(truths(mac, Value::hex_text(same)) == "e");
    CHECK(truths(mac, str("AB:cd:EF:01:02:03")) == "ec");
    CHECK(truths(mac, str("EF:01")) == "nc");
  }

  TEST_CASE("pairs that do not go together are false under every operator") {
    const HexText hex{"a", "61"};
    CHECK(truths(ip("1.2.3.4"), str("1.2.3.4")) == "-");
    CHECK(truths(str("ab:cd:ef:01:02:03"), Value::mac("\xab\xcd\xef\x01\x02\x03")) == "-");
    CHECK(truths(str("1"), num(1)) == "-");
    CHECK(truths(num(1), Value::boolean(true)) == "-");
    CHECK(truths(Value::null(), Value::null()) == "-");
    CHECK(truths(Value::hex_text(hex), str("a")) == "-");
    CHECK(truths(cidr("10.0.0.0/8"), cidr("10.0.0.0/8")) == "-");
    CHECK(truths(Value::bytes("a"), str("a")) == "-");
    CHECK(truths(Value::foreign("5"), num(5)) == "-");
  }

  TEST_CASE("for a list of strings, != asks whether some element differs") {
    const std::vector<Value> tags = {str("a"), str("b")};
    CHECK(truths(strings(tags), str("a")) == "enc");
    CHECK(truths(strings(tags), str("z")) == "n");
    CHECK(truths(strings({}), str("a")) == "-");
    CHECK(truths(strings(tags), num(1)) == "-");
  }

  TEST_CASE("for arrays and lists of numbers, != asks whether no element is equal") {
    const std::vector<Value> ports = {num(5), num(7)};
    CHECK(truths(array(ports), num(5)) == "ecLgG");
    CHECK(truths(numbers(ports), num(9)) == "nlL");
    CHECK(truths(array(ports), str("a")) == "n");
    CHECK(truths(array({}), num(1)) == "n");
  }

  TEST_CASE("two arrays are equal when they share an element") {
    const std::vector<Value> left = {num(1), num(2)};
    const std::vector<Value> right = {num(2), num(3)};
    const std::vector<Value> other = {num(8)};
    CHECK(compare(array(left), Op::kEq, array(right)));
    CHECK_FALSE(compare(array(left), Op::kNe, array(right)));
    CHECK(compare(array(left), Op::kNe, array(other)));
    CHECK_FALSE(compare(array(left), Op::kContains, array(right)));
  }

  TEST_CASE("membership compares the element with the value, not the other way round") {
    CHECK(outcome("f in [\"1.2.3.4\"]", {{"f", str("1.2.3.4")}}) == "false");
    CHECK(outcome("f == \"1.2.3.4\"", {{"f", str("1.2.3.4")}}) == "true");
    CHECK(outcome("f in [\"1.2.3.4\", 10.0.0.0/8]", {{"f", ip("10.1.1.1")}}) == "true");
    CHECK(outcome("f in [/re/]", {{"f", str("re")}}) == "false");
    CHECK(outcome("f in 10.0.0.0/8", {{"f", str("10.0.0.1")}}) == "false");
    CHECK(outcome("f in [g, 3]", {{"f", num(5)}, {"g", array({num(4), num(5)})}}) == "true");
  }

  TEST_CASE("a field may be the set: a list, or a network for addresses") {
    const std::vector<Value> tags = {str("a"), str("b")};
    CHECK(outcome("\"b\" in f", {{"f", strings(tags)}}) == "true");
    CHECK(outcome("\"c\" in f", {{"f", array(tags)}}) == "false");
    CHECK(outcome("10.1.1.1 in f", {{"f", cidr("10.0.0.0/8")}}) == "true");
    CHECK(outcome("\"x\" in f", {{"f", str("x")}}) == "false");
  }

  TEST_CASE("matches wants a string or a list of strings") {
    const std::vector<Value> tags = {str("a"), str("b")};
    CHECK(outcome("f matches /^b/", {{"f", str("bc")}}) == "true");
    CHECK(outcome("f =~ /B/", {{"f", str("bc")}}) == "false");
    CHECK(outcome("f =~ /(?i)B/", {{"f", str("bc")}}) == "true");
    CHECK(outcome("f matches /b/", {{"f", strings(tags)}}) == "true");
    CHECK(outcome("f matches /b/", {{"f", array(tags)}}) == "false");
    CHECK(outcome("f == /b/", {{"f", array(tags)}}) == "true");
    CHECK(outcome("\"1.2.3.4\" =~ /1/") == "false");
  }

  TEST_CASE("an invalid byte of the subject is one character to a regex") {
    CHECK(outcome("f matches /^.$/", {{"f", str("\xff")}}) == "true");
  }
}
