// SPDX-License-Identifier: Apache-2.0
#include "rulekit/parser.h"

#include <string>

#include "rulekit/limits.h"
#include "rulekit/render.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::compile_error;
using qtap::rulekit::test::rendered;

namespace {

std::string repeat(std::string_view text, size_t count) {
  std::string out;
  for (size_t at = 0; at < count; ++at) out += text;
  return out;
}

std::string warning(std::string_view text) {
  const CompileResult compiled = Rule::compile(text);
  REQUIRE(compiled.rule);
  return compiled.warnings.empty() ? "" : compiled.warnings.front().text;
}

}  // namespace

TEST_SUITE("rulekit/parser") {
  TEST_CASE("or binds tighter than and, not tighter than both") {
    CHECK(rendered("a or b and c") == "(a or b) and c");
    CHECK(rendered("a and b or c") == "a and (b or c)");
    CHECK(rendered("not a and b") == "!a and b");
    CHECK(rendered("not a == b") == "not (a == b)");
    CHECK(rendered("a && b && c") == "(a and b) and c");
  }

  TEST_CASE("a mix of and and or without parentheses gives a warning with the rule as understood") {
    CHECK(warning("false and true or true") ==
          "line 1, column 16: \"or\" binds tighter than \"and\"; understood as: false and (true or "
          "true)");
    CHECK(warning("a and (b or c)") == "");
    CHECK(warning("a or (b and c)") == "");
    CHECK(warning("a or b or c") == "");
    CHECK(warning("x and (a or b and c)") != "");
  }

  TEST_CASE("a two-letter hex literal gives a warning") {
    CHECK(warning("db == 1") == "line 1, column 1: \"db\" is a hex literal, not a field");
    CHECK(warning("f == 47:45:54") == "");
  }

  TEST_CASE("a rendered rule parses back to the same rule") {
    for (const char* text :
         {"not a == b", "a not in [1, x]", "a not contains 'x'", "a not matches /x/",
          "a not =~ |x|", "not (a and b or c)", "f in 10.0.0.0/8", "not not a", "x in tags",
          "not starts_with(a, \"b\")", "a or b or c and (d and e or not f) and g",
          "a eq -5 AND b LE +.5", "[1, \"a\", true] == b"}) {
      CAPTURE(text);
      const std::string once = rendered(text);
      CHECK(rendered(once) == once);
    }
    CHECK(rendered("a eq 1 AND b matches /x/") == "a == 1 and b =~ /x/");
  }

  TEST_CASE("the existing engine's text of not-equal can be had too") {
    const CompileResult compiled = Rule::compile("not (not a == b) or not (a and not b == c)");
    REQUIRE(compiled.rule);
    CHECK(render(compiled.rule->tree(), NotEqual::kShort) ==
          "not (a != b) or not ((a and b != c))");
    CHECK(compiled.rule->rendered() == "not (not (a == b)) or not ((a and not (b == c)))");
  }

  TEST_CASE("errors name position, what was expected, and after what") {
    CHECK(compile_error("http.req.host == ") == "line 1, column 18: expected a value after \"==\"");
    CHECK(compile_error("a ==\n  and b") ==
          "line 2, column 3: expected a value after \"==\", found \"and\"");
    CHECK(compile_error("status 404") ==
          "line 1, column 8: expected an operator, \"and\" or \"or\" after \"status\", found "
          "\"404\"");
    CHECK(compile_error("a = 1") ==
          "line 1, column 3: expected an operator, \"and\" or \"or\" after \"a\", found \"=\"; "
          "equality is \"==\"");
    CHECK(compile_error("a == 1 b") ==
          "line 1, column 8: expected \"and\" or \"or\" after \"1\", found \"b\"");
    CHECK(compile_error("(a == 1") ==
          "line 1, column 8: expected \"and\", \"or\" or \")\" after \"1\"");
    CHECK(compile_error("a matches \"x\"") ==
          "line 1, column 11: expected a regex like /text/ after \"matches\", found \"x\"");
    CHECK(compile_error("a == \"x") ==
          "line 1, column 6: expected a value after \"==\", found a string without its closing "
          "quote");
    CHECK(compile_error("a not 5") ==
          "line 1, column 3: expected an operator, \"and\" or \"or\" after \"a\", found \"not\"");
    CHECK(compile_error("(a not 5)") ==
          "line 1, column 4: expected an operator, \"and\", \"or\" or \")\" after \"a\", found "
          "\"not\"");
    CHECK(compile_error("a in f(x)") ==
          "line 1, column 6: expected a list like [1, 2], a network like 10.0.0.0/8 or a field "
          "after \"in\", found \"f\"");
    CHECK(compile_error("a in f.x(x)") ==
          "line 1, column 9: expected \"and\" or \"or\" after \"f.x\", found \"(\"");
    CHECK(compile_error("") == "line 1, column 1: the rule is empty");
    CHECK(compile_error(" -- nothing\n") == "line 2, column 1: the rule is empty");
  }

  TEST_CASE("inequalities take numbers and fields only") {
    CHECK(compile_error("a < b") == "compiles");
    CHECK(compile_error("5 >= .5") == "compiles");
    CHECK(compile_error("http.res.status > \"400\"") ==
          "line 1, column 19: expected a number or a field after \">\", found \"400\"");
    for (const char* text :
         {"starts_with(a, b) > 1", "\"x\" < a", "[1] > 0", "a > 1.2.3.4", "true < a"}) {
      CAPTURE(text);
      CHECK(compile_error(text) != "compiles");
    }
  }

  TEST_CASE("what the grammar does not have is an error") {
    for (const char* text :
         {"(a) == 1", "starts_with((a), b)", "a == b == c", "a in []", "a in [1,]", "a in [[1]]",
          "a in [starts_with(b, c)]", "a in \"1.2.3.0/24\"", "a not == b", "not", "a and",
          "starts_with(a, b,)", "a.b(c)", ")", "a in starts_with(b, c)"}) {
      CAPTURE(text);
      CHECK(compile_error(text) != "compiles");
    }
    CHECK(compile_error("starts_with(,a, b)") == "compiles");
  }

  TEST_CASE("calls are checked by name and number of arguments") {
    CHECK(compile_error("nosuch(1)") == "line 1, column 1: unknown function \"nosuch\"");
    CHECK(compile_error("a or starts_with(b)") ==
          "line 1, column 6: function \"starts_with\" takes 2 arguments, not 1");
  }

  TEST_CASE("too much nesting is an error, not a stack overflow") {
    CHECK(compile_error(repeat("(", 256) + "a" + repeat(")", 256)) == "compiles");
    const CompileResult deep = Rule::compile(repeat("(", 257) + "a" + repeat(")", 257));
    CHECK(deep.error.status == QTAP_ERR_LIMIT);
    CHECK(deep.error.text == "line 1, column 257: nested more than 256 levels deep");
    for (const char* opens : {"(", "!", "not ", "f(", "not("}) {
      CAPTURE(opens);
      CHECK(Rule::compile(repeat(opens, 100000) + "a").error.status == QTAP_ERR_LIMIT);
      const CompileResult many = Rule::compile(repeat(opens, 13000) + "a");  // short enough
      CHECK(many.error.status == QTAP_ERR_LIMIT);
      CHECK(many.error.text.ends_with("nested more than 256 levels deep"));
    }
    CHECK(Rule::compile(repeat("!", 60000) + "a").error.status == QTAP_ERR_LIMIT);
    CHECK(Rule::compile(repeat("starts_with(", 5000)).error.status == QTAP_ERR_LIMIT);
  }

  TEST_CASE("a rule has at most 64 KiB, and a chain of that length is fine") {
    const std::string longest = repeat("a or ", 13000) + "b";
    CHECK(compile_error(longest) == "compiles");
    CHECK(Rule::compile(longest + repeat(" ", kMaxRuleText)).error.status == QTAP_ERR_LIMIT);
    CHECK(qtap::rulekit::test::outcome(longest, {{"b", Value::boolean(true)}}) == "true");
  }

  TEST_CASE("regexes have limits, one by one and together") {
    CHECK(Rule::compile("a =~ /" + std::string(4097, 'x') + "/").error.status == QTAP_ERR_LIMIT);
    CHECK(Rule::compile("a =~ /((\\pL{100}){100}){10}/").error.status == QTAP_ERR_INVALID);
    const auto one_too_large = Rule::compile("a =~ /(\\pL{100}){10}/");  // RE2's memory
    CHECK(one_too_large.error.status == QTAP_ERR_LIMIT);
    CHECK(one_too_large.error.text.find("too large") != std::string::npos);
    CHECK(Rule::compile("a in [" + repeat("/x/,", 1024) + "/x/]").error.status == QTAP_ERR_LIMIT);
    CHECK(Rule::compile("a in [" + repeat("/(\\pL\\pN){20}/,", 500) + "1]").error.status ==
          QTAP_ERR_LIMIT);
  }

  TEST_CASE("the regex dialect has (?<name>) and no \\C") {
    CHECK(compile_error("a =~ /(?<n>x)(?P<m>y)/") == "compiles");
    CHECK(compile_error(R"(a =~ /[(?<]\Q(?<\E/)") == "compiles");
    CHECK(compile_error(R"(a =~ /\C/)") == "line 1, column 6: \\C is not allowed in a regex");
    CHECK(compile_error("a =~ /(?!x)/") != "compiles");
    CHECK(compile_error("a =~ /x)/") ==
          "line 1, column 6: regex does not compile: unexpected ): x)");
    CHECK(compile_error("a =~ /(?<n>x/") ==
          "line 1, column 6: regex does not compile: missing ): (?<n>x");
  }

  TEST_CASE("columns count bytes, and an invalid byte as three") {
    const CompileResult accents = Rule::compile("a == \"\xC3\xA9\" b");
    CHECK(accents.error.column == 11);
    const CompileResult invalid = Rule::compile("a == \"\xFF\" b");
    CHECK(invalid.error.column == 12);
  }
}
