// SPDX-License-Identifier: Apache-2.0
// Rules and fields by chance, of every kind and type, for comparing two ways to one answer.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "helpers.h"
#include "rulekit/library.h"
#include "rulekit/text.h"

namespace qtap::rulekit::test {

// Everything that an outcome says, as text. Of one that is undecided, the value does not matter.
inline std::string told(const Outcome& outcome) {
  std::string text = std::to_string(static_cast<int>(outcome.state)) + ' ' +
                     std::to_string(outcome.status) + ' ' +
                     std::to_string(static_cast<int>(outcome.value.type)) + ' ';
  append_text(outcome.value, &text);
  return text;
}

class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {
    static Function identity{
        "same",
        {"value"},
        [](void*, std::span<const Value> args, Scratch&, Value* ret, std::string*) {
          *ret = args[0];
          return static_cast<int>(QTAP_OK);
        }};
    // Gives a value along with its error.
    static Function fails{
        "fails", {}, [](void*, std::span<const Value>, Scratch&, Value* ret, std::string* error) {
          *ret = Value::integer(7);
          *error = "no";
          return static_cast<int>(QTAP_ERR_IO);
        }};
    std::vector<MacroText> macros;
    for (const char* name : {"m1", "m2", "m3"}) macros.push_back({name, condition(2)});
    macros.push_back({"m4", "m1() and not m2()"});
    macros.push_back({"m5", "g0"});
    auto made =
        Library::create(std::move(macros), {identity, fails}, {.calls = CallCheck::kAtEvaluation});
    const std::string why = made.ok() ? "" : made.error().text;
    CAPTURE(why);
    REQUIRE(made.ok());
    library_ = std::move(*made);
    macros_known_ = true;
  }

  CompileOptions options() const {
    return {.library = library_.get(), .calls = CallCheck::kAtEvaluation};
  }

  template <typename T>
  const T& one_of(const std::vector<T>& list) {
    return list[random_() % list.size()];
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  std::string field() { return "g" + std::to_string(random_() % 6); }

  std::string literal() {
    static const std::vector<std::string> kAll = {"1",
                                                  "5",
                                                  "0",
                                                  "-3",
                                                  "2.5",
                                                  "18446744073709551615",
                                                  "\"a\"",
                                                  "\"abc\"",
                                                  "\"\"",
                                                  "\"b\"",
                                                  "\"10.0.0.1\"",
                                                  "10.0.0.1",
                                                  "::1",
                                                  "10.0.0.0/8",
                                                  "0.0.0.0/0",
                                                  "::/0",
                                                  "fe80::/10",
                                                  "61:62:63",
                                                  "true",
                                                  "false",
                                                  "\"1.5\"",
                                                  "/^a/",
                                                  "/b+/",
                                                  "/c$/",
                                                  "/^abc$/",
                                                  "/^(a|b)$/",
                                                  "\"ab:cd:ef:01:02:03\"",
                                                  "::ffff:0:0/95"};
    return one_of(kAll);
  }
  std::string array() {
    std::string out = "[";
    const bool plain = chance(60);
    static const std::vector<std::string> kPlain = {"\"a\"", "\"abc\"", "5", "\"b\"", "1", "\"\""};
    for (unsigned n = 1 + random_() % 4; n > 0; --n) {
      out += plain ? one_of(kPlain) : chance(25) ? field() : literal();
      if (n > 1) out += ", ";
    }
    return out + "]";
  }
  std::string call() {
    switch (random_() % 5) {
      case 0:
        return "same(" + (chance(50) ? field() : literal()) + ")";
      case 1:
        return chance(50) ? "fails()" : "unheard_of()";
      case 2:
        return "in_zone(" + field() + ", \"abc\")";
      case 3:
        if (macros_known_) return "m" + std::to_string(1 + random_() % 5) + "()";
        [[fallthrough]];
      default:
        return "starts_with(" + field() + ", " + (chance(70) ? "\"a\"" : operand()) + ")";
    }
  }
  std::string operand() {
    const unsigned kind = static_cast<unsigned>(random_() % 20);
    return kind < 11 ? field() : kind < 16 ? literal() : kind < 18 ? call() : array();
  }
  std::string predicate() {
    static const std::vector<std::string> kOrders = {" < ", " <= ", " > ", " >= "};
    static const std::vector<std::string> kNumbers = {
        "2", "5", "-3", "2.5", "9223372036854775807", "-9223372036854775808"};
    static const std::vector<std::string> kOps = {" == ", " == ", " != ", " contains "};
    static const std::vector<std::string> kRegexes = {"/^a/", "/b+/", "/c$/", "/^(a|b)c?$/", "/b/"};
    switch (random_() % 10) {
      case 0:
        return field() + one_of(kOrders) + (chance(70) ? one_of(kNumbers) : field());
      case 1:
        return operand() + " matches " + one_of(kRegexes);
      case 2:
      case 3:
        return operand() + " in " + array();
      case 4:
        return operand() + (chance(50) ? " in 10.0.0.0/8" : " in " + field());
      case 5:
        return operand();
      case 6:
        return field() + one_of(kOps) + operand();
      default:
        return field() + one_of(kOps) + literal();
    }
  }
  std::string condition(int depth) {
    if (depth == 0 || chance(30)) return chance(15) ? "not " + predicate() : predicate();
    const char* word = chance(50) ? " and " : " or ";
    std::string out = "(" + condition(depth - 1) + ")";
    for (unsigned n = 1 + random_() % 2; n > 0; --n)
      out += word + ("(" + condition(depth - 1) + ")");
    return (chance(15) ? "not (" : "(") + out + ")";
  }

  // Some of the fields are not known.
  Fields fields() {
    Fields known;
    for (int n = 0; n < 6; ++n) {
      if (!chance(15)) known.emplace("g" + std::to_string(n), value());
    }
    return known;
  }

  Value value() {
    static const std::vector<Value> kStrings = {Value::string("a"), Value::string("abc")};
    static const std::vector<Value> kNumbers = {Value::integer(5), Value::number(2.5)};
    static const std::vector<Value> kMixed = {Value::string("a"), Value::integer(5), ip("10.0.0.1"),
                                              Value::list(Type::kArray, kNumbers)};
    static const std::vector<Value> kLong(2000, Value::integer(1));
    static const std::vector<MapEntry> kMap = {{"a", Value::integer(1)}};
    static const HexText kHex{"abc", "61:62:63"};
    static const std::vector<Value> kAll = {Value::string("a"),
                                            Value::string("abc"),
                                            Value::string("b"),
                                            Value::string(""),
                                            Value::string("x\xff c"),
                                            Value::string("abc"),
                                            Value::string("10.0.0.1"),
                                            Value::integer(5),
                                            Value::integer(0),
                                            Value::integer(-3),
                                            Value::integer(1),
                                            Value::integer(INT64_MIN),
                                            Value::integer(INT64_MAX),
                                            Value::unsigned_integer(5),
                                            Value::unsigned_integer(UINT64_MAX),
                                            Value::number(2.5),
                                            Value::float32(2.5f),
                                            Value::number(0.0 / 0.0),
                                            Value::boolean(true),
                                            Value::boolean(false),
                                            Value::null(),
                                            ip("10.0.0.1"),
                                            ip("10.9.0.1"),
                                            ip("::1"),
                                            ip("192.0.2.1"),
                                            cidr("10.0.0.0/8"),
                                            Value::mac("\xab\xcd\xef\x01\x02\x03"),
                                            Value::bytes("abc"),
                                            Value::foreign("abc"),
                                            Value::map(kMap),
                                            Value::hex_text(kHex),
                                            Value::list(Type::kArray, kMixed),
                                            Value::list(Type::kStringList, kStrings),
                                            Value::list(Type::kNumberList, kNumbers),
                                            Value::list(Type::kArray, {}),
                                            Value::list(Type::kStringList, {}),
                                            Value::list(Type::kNumberList, kLong)};
    Value chosen = one_of(kAll);
    if (chosen.type == Type::kIp && chance(20)) chosen.no_address = true;
    return chosen;
  }

  // `g3` fails to be looked up when there is no "g3" and an "g4": an error beside the missing ones.
  static FieldSource failing_source(const Fields& fields) {
    auto lookup = [](void* user, const FieldRef& field, Scratch&, Value* ret) {
      const Fields& known = *static_cast<const Fields*>(user);
      const auto it = known.find(field.name);
      if (it == known.end()) {
        const bool fails = field.name == "g3" && known.count("g4") != 0;
        return static_cast<int>(fails ? QTAP_ERR_IO : QTAP_ERR_NOTFOUND);
      }
      *ret = it->second;
      return static_cast<int>(QTAP_OK);
    };
    return {lookup, const_cast<Fields*>(&fields)};
  }

 private:
  std::mt19937 random_;
  std::unique_ptr<const Library> library_;
  bool macros_known_ = false;
};

}  // namespace qtap::rulekit::test
