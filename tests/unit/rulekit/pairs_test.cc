// SPDX-License-Identifier: Apache-2.0
// Every operator over every pair of types: the rows of the table of section 8.1 that are true for
// something, and all the pairs that are in no row.
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "rulekit/compare.h"
#include "rulekit/pattern.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;

namespace {

// left, right, and which of == != contains < <= > >= are true, as the letters "enclLgG".
constexpr const char* kRows = R"(
  true  true  e     true  false n     false true  n     false false e

  int5  int5  eLG   int5  uint5 eLG   int5  float5 eLG  int5  double5 eLG   int5  int7  nlL
  uint5 int5  eLG   uint5 uint5 eLG   uint5 float5 eLG  uint5 double5 eLG   uint5 int7  nlL
  float5 int5 eLG   float5 uint5 eLG  float5 float5 eLG float5 double5 eLG  float5 int7 nlL
  double5 int5 eLG  double5 uint5 eLG double5 float5 eLG double5 double5 eLG double5 int7 nlL
  int7  int5  ngG   int7  uint5 ngG   int7  float5 ngG  int7  double5 ngG   int7  int7  eLG

  "abc" "abc" ec    "abc" "5"   n     "abc" "v4" n      "abc" "net" n       "abc" "CD:EF" n
  "5"   "abc" n     "5"   "5"   ec    "5"   "v4" n      "5"   "net" n       "5"   "CD:EF" n
  "v4"  "abc" n     "v4"  "5"   n     "v4"  "v4" ec     "v4"  "net" n       "v4"  "CD:EF" n
  "net" "abc" n     "net" "5"   n     "net" "v4" n      "net" "net" ec      "net" "CD:EF" n
  "CD:EF" "abc" n   "CD:EF" "5" n     "CD:EF" "v4" n    "CD:EF" "net" n     "CD:EF" "CD:EF" ec
  "abc" /b/   ec    "5"   /b/   n     "v4"  /b/  n      "net" /b/   n       "CD:EF" /b/ n
  "abc" v4    n     "5"   v4    n     "v4"  v4   ec     "net" v4    n       "CD:EF" v4  n
  "abc" v6    n     "5"   v6    n     "v4"  v6   n      "net" v6    n       "CD:EF" v6  n
  "abc" net   n     "5"   net   n     "v4"  net  n      "net" net   ec      "CD:EF" net n
  "abc" 61:62:63 ec "5" 61:62:63 n    "v4" 61:62:63 n   "net" 61:62:63 n    "CD:EF" 61:62:63 n
  "abc" AB:CD n     "5" AB:CD   n     "v4" AB:CD n      "net" AB:CD n       "CD:EF" AB:CD n

  v4    v4    e     v4    v6    n     v4    net  ec     v6    v4    n       v6    v6    e     v6 net n
  net   v4    ec    net   v6    n

  mac   mac   ec    mac 61:62:63 n    mac AB:CD n
  mac   "abc" n     mac "5" n         mac "v4" n        mac "net" n         mac "CD:EF" nc

  strings "abc" enc strings "5" enc   strings "v4" n    strings "net" n     strings "CD:EF" n
  strings /b/ enc

  numbers int5 ecLgG numbers uint5 ecLgG numbers float5 ecLgG numbers double5 ecLgG numbers int7 eclLG

  array int5 ecLG   array uint5 ecLG  array float5 ecLG array double5 ecLG  array int7 nlL
  array "abc" ec    array /b/ ec      array 61:62:63 ec

  int5  array eLG   uint5 array eLG   float5 array eLG  double5 array eLG   int7  array ngG
  "abc" array e     strings array e   numbers array eLgG array array eLG
)";

class Values {
 public:
  Values() {
    const std::pair<const char*, Value> all[] = {
        {"null", Value::null()},
        {"true", Value::boolean(true)},
        {"false", Value::boolean(false)},
        {"int5", Value::integer(5)},
        {"int7", Value::integer(7)},
        {"uint5", Value::unsigned_integer(5)},
        {"float5", Value::float32(5)},
        {"double5", Value::number(5)},
        {"\"abc\"", Value::string("abc")},
        {"\"5\"", Value::string("5")},
        {"\"v4\"", Value::string("1.2.3.4")},
        {"\"net\"", Value::string("1.2.3.0/24")},
        {"\"CD:EF\"", Value::string("CD:EF")},
        {"v4", test::ip("1.2.3.4")},
        {"v6", test::ip("::1")},
        {"net", test::cidr("1.2.3.0/24")},
        {"mac", Value::mac("\xAB\xCD\xEF\x01\x02\x03")},
        {"61:62:63", Value::hex_text(abc_)},
        {"AB:CD", Value::hex_text(upper_)},
        {"/b/", Value::regex(*pattern_)},
        {"array", Value::list(Type::kArray, mixed_)},
        {"strings", Value::list(Type::kStringList, strings_)},
        {"numbers", Value::list(Type::kNumberList, numbers_)},
        {"map", Value::map(entries_)},
        {"bytes", Value::bytes("abc")},
        {"foreign", Value::foreign("5")},
    };
    for (const auto& [name, value] : all) values_.emplace(name, value);
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;

  const std::map<std::string, Value>& all() const { return values_; }

 private:
  HexText abc_{"abc", "61:62:63"};
  HexText upper_{"\xAB\xCD", "AB:CD"};
  std::unique_ptr<const Pattern> pattern_ = *Pattern::create("b");
  std::vector<Value> mixed_{Value::integer(5), Value::string("abc")};
  std::vector<Value> strings_{Value::string("5"), Value::string("abc")};
  std::vector<Value> numbers_{Value::integer(5), Value::integer(7)};
  std::vector<MapEntry> entries_{{"k", Value::integer(1)}};
  std::map<std::string, Value> values_;
};

std::string truths(const Value& left, const Value& right) {
  static constexpr std::pair<Op, char> kOps[] = {
      {Op::kEq, 'e'}, {Op::kNe, 'n'}, {Op::kContains, 'c'}, {Op::kLt, 'l'},
      {Op::kLe, 'L'}, {Op::kGt, 'g'}, {Op::kGe, 'G'}};
  std::string out;
  for (const auto& [op, letter] : kOps) {
    if (compare(left, op, right)) out += letter;
  }
  return out;
}

}  // namespace

TEST_SUITE("rulekit/pairs") {
  TEST_CASE("each operator over each pair of types") {
    const Values values;
    std::map<std::pair<std::string, std::string>, std::string> rows;
    std::istringstream in(kRows);
    std::string left;
    std::string right;
    std::string letters;
    while (in >> left >> right >> letters) {
      CAPTURE(left);
      CAPTURE(right);
      CHECK(values.all().count(left) == 1);
      CHECK(values.all().count(right) == 1);
      CHECK(rows.emplace(std::pair(left, right), letters).second);
    }
    for (const auto& l : values.all()) {
      for (const auto& r : values.all()) {
        // Types that do not go together are neither equal nor unequal (S23), but of an array or a
        // list of numbers no element is.
        const bool has_elements = r.first == "array" || l.first == "array" || l.first == "numbers";
        const auto row = rows.find({l.first, r.first});
        const std::string wanted = row != rows.end() ? row->second : has_elements ? "n" : "";
        const std::string found = truths(l.second, r.second);
        CAPTURE(l.first);
        CAPTURE(r.first);
        CHECK(found == wanted);
      }
    }
  }

  TEST_CASE("in is contains with the sides exchanged; matches knows strings alone") {
    const Values values;
    for (const auto& l : values.all()) {
      for (const auto& r : values.all()) {
        CAPTURE(l.first);
        CAPTURE(r.first);
        // S31: the element is compared with the value, not the value with the element.
        const std::vector<Value> one = {r.second};
        const Value set = Value::list(Type::kArray, one);
        const bool is_array = l.first == "array";
        CHECK(is_in(l.second, set) == (!is_array && compare(r.second, Op::kEq, l.second)));
      }
      const bool found = l.first == "\"abc\"" || l.first == "strings";
      CHECK(matches(l.second, values.all().at("/b/")) == found);
    }
  }

  TEST_CASE("what holds in place of a condition") {
    const Values values;
    for (const auto& value : values.all()) {
      CAPTURE(value.first);
      CHECK(truthy(value.second) == (value.first != "null" && value.first != "false"));
    }
    for (const Value& zero :
         {Value::integer(0), Value::unsigned_integer(0), Value::float32(0), Value::number(-0.0),
          Value::string(""), Value::bytes(""), Value::mac(""), Value::list(Type::kArray, {})}) {
      CHECK_FALSE(truthy(zero));
    }
    for (const Value& empty :
         {Value::list(Type::kStringList, {}), Value::list(Type::kNumberList, {}), Value::map({})}) {
      CHECK(truthy(empty));  // S18
    }
  }
}
