// SPDX-License-Identifier: Apache-2.0
#include "rulekit/evaluate.h"

#include <string>
#include <vector>

#include "rulekit/library.h"
#include "rulekit/limits.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::Fields;
using qtap::rulekit::test::ip;
using qtap::rulekit::test::outcome;

namespace {

// The transaction of spec/rule-fields.md section 5.
const Fields& example() {
  static const std::vector<Value> tags = {Value::string("env:prod")};
  static const Fields fields = {
      {"http.req.method", Value::string("GET")},
      {"http.req.url", Value::string("https://api.example.com/v1/items?id=7")},
      {"http.req.pathname", Value::string("/v1/items")},
      {"http.req.path", Value::string("/v1/items?id=7")},
      {"http.res.status", Value::integer(404)},
      {"src.ip", ip("10.0.0.5")},
      {"dst.ip", ip("203.0.113.9")},
      {"dst.domain", Value::string("api.example.com")},
      {"tls.version", Value::number(1.3)},
      {"tls.enabled", Value::boolean(true)},
      {"tags", Value::list(Type::kStringList, tags)},
  };
  return fields;
}

// The outcome borrows from rule and scratch, so they stay with it.
struct Full {
  CompileResult compiled;
  Scratch scratch;
  Outcome outcome;
  Report report;

  Full(std::string_view text, const Fields& fields) : compiled(Rule::compile(text)) {
    REQUIRE(compiled.rule);
    outcome = compiled.rule->evaluate(test::source(fields), &scratch, &report);
  }
  Full(const Full&) = delete;
  Full& operator=(const Full&) = delete;
};

std::string missing(std::string_view text, const Fields& fields = {}) {
  std::string out;
  for (const std::string& name : Full(text, fields).report.missing_fields()) out += name + " ";
  return out;
}

}  // namespace

TEST_SUITE("rulekit/evaluate") {
  TEST_CASE("the example table of the field reference holds") {
    const struct {
      const char* rule;
      const char* result;
    } kTable[] = {
        {"http.req.method == \"GET\" and http.res.status == 404", "true"},
        {"http.req.pathname == \"/v1/items\"", "true"},
        {"http.req.path == \"/v1/items\"", "false"},
        {"http.res.status in [403, 404]", "true"},
        {"http.req.headers.x-team == \"pay\"", "unknown"},
        {"http.req.headers.x-team != \"pay\"", "unknown"},
        {"not http.req.headers.x-team == \"pay\"", "unknown"},
        {"http.req.headers.x-team == \"pay\" or http.res.status == 404", "true"},
        {"http.req.headers.x-team == \"pay\" and http.res.status == 500", "false"},
        {"not (http.res.status >= 500)", "true"},
        {"src.ip in 10.0.0.0/8 and dst.ip == 203.0.113.0/24", "true"},
        {"tags contains \"env:prod\"", "true"},
        {"tags contains \"env\"", "false"},
        {"tags not contains \"env:dev\"", "true"},
        {"http.req.url matches /ITEMS/", "false"},
        {"http.req.url matches /(?i)ITEMS/", "true"},
        {"false and true or true", "false"},
        {"tls.version == 1.3 and tls.enabled", "true"},
        {"in_zone(dst.domain, \"example.com\")", "true"},
        {"http.res.status == \"404\"", "false"},
        {"http.res.status != \"404\"", "false"},
    };
    for (const auto& row : kTable) {
      CAPTURE(row.rule);
      CHECK(outcome(row.rule, example()) == row.result);
    }
  }

  TEST_CASE("a decided side of and/or wins over an undecided one, in both orders") {
    const Fields none;
    CHECK(outcome("false and x") == "false");
    CHECK(outcome("x and false") == "false");
    CHECK(outcome("true or x") == "true");
    CHECK(outcome("x or true") == "true");
    CHECK(outcome("true and x") == "unknown");
    CHECK(outcome("x and true") == "unknown");
    CHECK(outcome("false or x") == "unknown");
    CHECK(outcome("x or false") == "unknown");
    CHECK(outcome("x and y and false") == "false");
    CHECK(outcome("x or y or false or true") == "true");
  }

  TEST_CASE("not negates, and an undecided operand stays undecided") {
    CHECK(outcome("not true") == "false");
    CHECK(outcome("not false") == "true");
    CHECK(outcome("!0") == "true");
    CHECK(outcome("not x") == "unknown");
    CHECK(outcome("\"a\" not in [\"b\"]") == "true");
  }

  TEST_CASE("a value alone is true unless it is zero or empty") {
    for (const char* text :
         {"5", "\"0\"", "\"false\"", "0.0.0.0", "::", "61", "/x/", "[0]", "\"1.2.3.4\""}) {
      CAPTURE(text);
      CHECK(outcome(text) == "true");
    }
    for (const char* text : {"0", "-0.0", "\"\"", "false"}) {
      CAPTURE(text);
      CHECK(outcome(text) == "false");
    }
    CHECK(outcome("f", {{"f", Value::null()}}) == "false");
    CHECK(outcome("f", {{"f", Value::list(Type::kArray, {})}}) == "false");
    CHECK(outcome("f", {{"f", Value::list(Type::kStringList, {})}}) == "true");
    CHECK(outcome("f", {{"f", Value::map({})}}) == "true");
  }

  TEST_CASE("and/or hand on the raw value of the deciding side") {
    CHECK(Full("0 and x", {}).outcome.value.type == Type::kInt);
    CHECK(Full("\"abc\" or x", {}).outcome.value.str() == "abc");
    CHECK(Full("1 and 2", {}).outcome.value.type == Type::kBool);
    CHECK(Full("0 or \"\"", {}).outcome.value.type == Type::kBool);
  }

  TEST_CASE("missing fields are those that the outcome rests on, each once") {
    CHECK(missing("a1x == b1x") == "a1x ");
    CHECK(missing("y and x and x") == "x y ");
    CHECK(missing("(x and true) or true") == "");
    CHECK(missing("(x and false) or y") == "y ");
    CHECK(missing("z in [1, y, x]") == "z ");
    CHECK(missing("1 in [1, y, x]") == "y ");
    CHECK(missing("starts_with(x, y)") == "x ");
  }

  TEST_CASE("a missing argument never lets a rule pass") {
    CHECK(outcome("starts_with(url, \"https\")") == "unknown");
    CHECK(outcome("not starts_with(url, \"https\")") == "unknown");
  }

  TEST_CASE("starts_with compares text of any type") {
    CHECK(outcome("starts_with(404, \"40\")") == "true");
    CHECK(outcome("starts_with(f, 10)", {{"f", ip("10.0.0.5")}}) == "true");
    CHECK(outcome("starts_with(1234567.0, \"1.234567e+06\")") == "true");
    CHECK(outcome("starts_with([1, 2], \"[1 2\")") == "true");
    CHECK(outcome("starts_with(\"a\", \"ab\")") == "false");
    CHECK(outcome("starts_with(f, \"a\")", {{"f", Value::null()}}) == "error");
  }

  TEST_CASE("in_zone takes the zone and names below it, without regard to case, dot and port") {
    CHECK(outcome("in_zone(\"a.example.com\", \"example.com\")") == "true");
    CHECK(outcome("in_zone(\"Example.COM.:443\", \"example.com\")") == "true");
    CHECK(outcome("in_zone(\"badexample.com\", \"example.com\")") == "false");
    CHECK(outcome("in_zone(\"com\", \"example.com\")") == "false");
    CHECK(outcome("in_zone(host, \"example.com\")") == "unknown");
  }

  TEST_CASE("a failed lookup is an error, unless the other side decides") {
    auto lookup = [](void*, const FieldRef&, Scratch&, Value*) {
      return static_cast<int>(QTAP_ERR_IO);
    };
    const CompileResult fails = Rule::compile("x == 1");
    const CompileResult decided = Rule::compile("x == 1 or true");
    Scratch scratch;
    CHECK(fails.rule->evaluate({lookup, nullptr}, &scratch).status == QTAP_ERR_IO);
    CHECK(decided.rule->evaluate({lookup, nullptr}, &scratch).pass());
  }

  TEST_CASE("a literal key beats nesting, and a cut at a dot is never taken back") {
    const std::vector<MapEntry> inner = {{"b", Value::integer(1)}, {"c.d", Value::integer(2)}};
    const std::vector<MapEntry> dotted = {{"c", Value::integer(9)}};
    const std::vector<MapEntry> top = {
        {"a", Value::map(inner)}, {"a.b", Value::integer(3)}, {"x.y", Value::map(dotted)}};
    REQUIRE(find_member(top, "a.b") != nullptr);
    CHECK(find_member(top, "a.b")->i == 3);
    CHECK(find_member(top, "a.c.d")->i == 2);
    CHECK(find_member(top, "x.y.c") == nullptr);
    CHECK(find_member(top, "a.") == nullptr);
  }

  TEST_CASE("long lists on both sides are refused, not compared for minutes") {
    const std::vector<Value> many(4096, Value::integer(1));
    const Value list = Value::list(Type::kArray, many);
    const Full result("f == g", {{"f", list}, {"g", list}});
    CHECK(result.outcome.status == QTAP_ERR_LIMIT);
  }

  TEST_CASE("a report tells of so many issues, counts the rest and names all missing fields") {
    std::string text = "f.x0 == 1";
    for (int n = 1; n < 200; ++n) text += " and f.x" + std::to_string(n) + " == 1";
    const auto rule = Rule::compile("(" + text + ") or (" + text + ")").rule;
    REQUIRE(rule);
    Scratch scratch;
    Report report;
    CHECK(rule->evaluate(test::source({}), &scratch, &report).state == State::kMissing);
    CHECK(report.issues().size() == kMaxIssues);
    CHECK(report.untold() == 400 - kMaxIssues);
    CHECK(report.missing_fields().size() == 200);

    // One side that decides takes back what the other lacked.
    Report forgotten;
    const auto decided = Rule::compile("f.y == 1 or (" + text + ") or true").rule;
    REQUIRE(decided);
    CHECK(decided->evaluate(test::source({}), &scratch, &forgotten).pass());
    CHECK(forgotten.issues().empty());
    CHECK(forgotten.untold() == 0);
    CHECK(forgotten.missing_fields().empty());

    // What is taken back in the middle of what is counted only.
    Report partly;
    const auto nested = Rule::compile("(" + text + ") and (z.a or z.b or true) and z.c").rule;
    REQUIRE(nested);
    nested->evaluate(test::source({}), &scratch, &partly);
    CHECK(partly.untold() == 201 - kMaxIssues);
    CHECK(partly.missing_fields().size() == 201);
    CHECK(partly.missing_fields().back() == "z.c");
  }
}
