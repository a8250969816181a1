// SPDX-License-Identifier: Apache-2.0
#include "rulekit/library.h"

#include <string>

#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::outcome;

namespace {

int shout(void*, std::span<const Value> args, Scratch& scratch, Value* ret, std::string* error) {
  if (args[0].type != Type::kString) {
    *error = "shout: expected text";
    return QTAP_ERR_INVALID;
  }
  *ret = Value::string(scratch.copy(std::string(args[0].str()) + "!"));
  return QTAP_OK;
}

std::string library_error(std::vector<MacroText> macros, std::vector<Function> functions = {}) {
  const auto library = Library::create(std::move(macros), std::move(functions));
  return library.ok() ? "" : library.error().text;
}

}  // namespace

TEST_SUITE("rulekit/library") {
  TEST_CASE("macros call each other in any order, and keep what is unknown") {
    const auto library = Library::create({{"shop_error", "from_shop() and is_4xx()"},
                                          {"is_4xx", "status >= 400 and status < 500"},
                                          {"from_shop", "ns == \"shop\""}},
                                         {});
    REQUIRE(library.ok());
    const CompileOptions options{.library = (*library).get()};
    CHECK(outcome("shop_error()", {{"status", Value::integer(404)}, {"ns", Value::string("shop")}},
                  options) == "true");
    CHECK(outcome("shop_error()", {{"status", Value::integer(404)}}, options) == "unknown");
    CHECK(outcome("shop_error()", {{"status", Value::integer(200)}}, options) == "false");
    CHECK(outcome("is_4xx(1)", {}, options) ==
          "line 1, column 1: macro \"is_4xx\" takes 0 arguments, not 1");
    CHECK(outcome("is_4xx", {}, options) == "unknown");
  }

  TEST_CASE("circles, doubles and taken names are errors") {
    CHECK(library_error({{"a", "b()"}, {"b", "a()"}}) ==
          "macro \"a\": it calls itself, directly or through other macros");
    CHECK(library_error({{"m", "m() or x"}}) != "");
    CHECK(library_error({{"m", "x"}, {"m", "y"}}) == "macro \"m\": it is defined twice");
    CHECK(library_error({{"starts_with", "x"}}) ==
          "macro \"starts_with\": a function has this name");
    CHECK(library_error({{"m", "x =="}}) ==
          "macro \"m\": line 1, column 5: expected a value after \"==\"");
    CHECK(library_error({{"a.b", "x"}}) != "");
    CHECK(library_error({}, {{"starts_with", {}, shout, nullptr}}) != "");
    CHECK(library_error({}, {{"f", {}, nullptr, nullptr}}) == "function \"f\": it has no body");
  }

  TEST_CASE("a host function gets its arguments and may fail") {
    const auto library = Library::create({}, {{"shout", {"text"}, shout, nullptr}});
    REQUIRE(library.ok());
    const CompileOptions options{.library = (*library).get()};
    CHECK(outcome("shout(x) == \"hey!\"", {{"x", Value::string("hey")}}, options) == "true");
    CHECK(outcome("shout(5)", {}, options) == "error");
    CHECK(outcome("shout(5) or true", {}, options) == "true");
    CHECK(outcome("shout(x, y)", {}, options) ==
          "line 1, column 1: function \"shout\" takes 1 argument, not 2");
  }

  TEST_CASE("unknown calls can be left to the evaluation") {
    const CompileOptions options{.calls = CallCheck::kAtEvaluation};
    CHECK(outcome("nosuch(1)", {}, options) == "error");
    CHECK(outcome("true or nosuch(1)", {}, options) == "true");
  }

  TEST_CASE("macros that multiply each other, or go too deep, end in an error") {
    std::vector<MacroText> doubling = {{"m0", "x == 1"}};
    for (int level = 1; level < 32; ++level) {
      const std::string below = "m" + std::to_string(level - 1) + "()";
      doubling.push_back({"m" + std::to_string(level), below + " or " + below});
    }
    doubling.push_back({"deep", "m31()"});
    const auto library = Library::create(doubling, {});
    REQUIRE(library.ok());
    const CompileOptions options{.library = (*library).get()};
    CHECK(outcome("m4()", {{"x", Value::integer(0)}}, options) == "false");
    CHECK(outcome("m31()", {{"x", Value::integer(0)}}, options) == "error");
    CHECK(outcome("deep()", {{"x", Value::integer(1)}}, options) == "error");
  }

  // 1,000 macros, each but the last of which is settled after the one behind it, with 200 calls
  // in front that are settled at once: a hundred million looks at calls, if each round looks
  // at all of them.
  TEST_CASE("many macros in an unlucky order are checked in a moment") {
    constexpr int kCount = 1000;
    std::string leaves;
    for (int n = 0; n < 200; ++n) leaves += "leaf() or ";
    std::vector<MacroText> macros;
    for (int n = 0; n < kCount; ++n) {
      macros.push_back({"m" + std::to_string(n), leaves + "m" + std::to_string(n + 1) + "()"});
    }
    macros.push_back({"m" + std::to_string(kCount), "x"});
    macros.push_back({"leaf", "y"});
    CHECK(library_error(macros) == "");
    macros[kCount].text = "m0()";
    CHECK(library_error(macros) ==
          "macro \"m0\": it calls itself, directly or through other macros");
  }
}
