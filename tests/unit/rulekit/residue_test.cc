// SPDX-License-Identifier: Apache-2.0
// What is left of a rule: evaluated in steps, it comes to what evaluating at once comes to.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "rulekit/library.h"
#include "rulekit/render.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::Fields;

namespace {

constexpr unsigned kSeed = 1;
constexpr int kRules = 4000;

struct Step {
  std::string outcome;  // as test::outcome, and the missing fields
  std::string left;
};

Step step(std::string_view text, const Fields& fields, const Library* library = nullptr) {
  const CompileResult compiled =
      Rule::compile(text, {.library = library, .calls = CallCheck::kAtEvaluation});
  CAPTURE(compiled.error.text);
  CHECK(compiled.rule != nullptr);
  if (!compiled.rule) return {};
  Scratch scratch;
  Report report;
  Residue residue;
  const Outcome outcome =
      compiled.rule->evaluate(test::source(fields), &scratch, &report, &residue);
  Step done{outcome.pass()                     ? "true"
            : outcome.ok()                     ? "false"
            : outcome.state == State::kMissing ? "unknown"
                                               : "error",
            render(residue)};
  if (!outcome.ok()) {
    for (const std::string& name : report.missing_fields()) done.outcome += " " + name;
  }
  return done;
}

std::string left(std::string_view text, const Fields& fields = {},
                 const Library* library = nullptr) {
  return step(text, fields, library).left;
}

// Rules over the fields a..h; `any` lets a side look at two fields, fail, or stand under a `not`.
class Grower {
 public:
  explicit Grower(bool any) : any_(any) {}

  std::string rule(int depth) {
    const int form = pick(10);
    if (depth == 0 || form < 3) return predicate();
    if (form == 3) return any_ ? "not (" + rule(depth - 1) + ")" : predicate();
    if (form == 4) return any_ ? "m" + std::to_string(pick(2)) + "()" : predicate();
    const std::string right = rule(depth - 1);
    return "(" + rule(depth - 1) + (form < 7 ? " and " : " or ") + right + ")";
  }

  // Each field is known from one of three steps on, or never.
  std::vector<Fields> steps() {
    std::vector<Fields> known(3);
    for (char name = 'a'; name <= 'h'; ++name) {
      const size_t from = static_cast<size_t>(pick(4));
      if (from < known.size()) known[from][{name}] = Value::integer(pick(2));
    }
    return known;
  }

 private:
  int pick(int below) { return std::uniform_int_distribution(0, below - 1)(random_); }
  std::string field() { return {static_cast<char>('a' + pick(8))}; }

  std::string predicate() {
    static const char* const kEnds[] = {"", " == 1", " != 0", " > 0", " in [1, 2]"};
    const int form = pick(any_ ? 9 : 5);
    if (form < 5) return field() + kEnds[form];
    if (form == 5) return field() + " == " + field();
    if (form == 6) return "starts_with(" + field() + ", " + field() + ")";
    if (form == 7) return "nosuch(" + field() + ")";
    return field() + " in [" + field() + ", " + field() + "]";
  }

  bool any_;
  std::mt19937 random_{kSeed};
};

}  // namespace

TEST_SUITE("rulekit/residue") {
  TEST_CASE("the example of the language description") {
    const std::string rule = R"(user == "root" or (p == "mysql" and port == 3306))";
    CHECK(left(rule) == rule);
    CHECK(left(rule, {{"p", Value::string("mysql")}}) == R"(user == "root" or port == 3306)");
    CHECK(left(rule, {{"p", Value::string("pg")}}) == R"(user == "root")");
    const Step last = step(R"(user == "root" or port == 3306)", {{"port", Value::integer(3306)}});
    CHECK(last.outcome == "true");
    CHECK(last.left == "port == 3306");
  }

  TEST_CASE("what decides is left of a decided rule; both sides where both count") {
    const Fields fields = {{"t", Value::boolean(true)}, {"f", Value::boolean(false)}};
    CHECK(left("t and f", fields) == "f");
    CHECK(left("f and t", fields) == "f");
    CHECK(left("t and 1", fields) == "t and 1");
    CHECK(left("f or 0", fields) == "f or 0");
    CHECK(left("f or t", fields) == "t");
    CHECK(left("x and f", fields) == "f");
    CHECK(left("x or t", fields) == "t");
    CHECK(left("x and t", fields) == "x");
    CHECK(left("x or f or y", fields) == "x or y");
    CHECK(left("t and x and t and y", fields) == "x and y");
  }

  TEST_CASE("comparisons, not, calls and lists stay whole") {
    const Fields fields = {{"t", Value::boolean(true)}};
    for (const std::string text :
         {"not ((t and x))", "t == x", "t in [1, x]", "starts_with(t, x)", "starts_with(x, t)",
          "[t, x]", "nosuch(t)", "x not in [t]", "x =~ /a/", "!x", "not (x == 1)"}) {
      CAPTURE(text);
      CHECK(left(text, fields) == text);
    }
  }

  TEST_CASE("of a macro's call what its rule came to is left, in its parentheses") {
    const auto library = Library::create({{"both", "(a and b) and c"}, {"none", "not both()"}}, {},
                                         {.calls = CallCheck::kAtEvaluation});
    REQUIRE(library.ok());
    const auto left_of = [&](std::string_view text, const Fields& fields) {
      return left(text, fields, library->get());
    };
    CHECK(left_of("both()", {}) == "(a and b) and c");
    CHECK(left_of("both() or z", {}) == "((a and b) and c) or z");
    CHECK(left_of("both() or z", {{"b", Value::integer(1)}}) == "(a and c) or z");
    CHECK(left_of("none()", {{"b", Value::integer(1)}}) == "not (both())");
  }

  TEST_CASE("going on with all fields known so far gives what evaluating at once gives") {
    const auto library = Library::create({{"m0", "a == 1 or b and c"}, {"m1", "not m0() and d"}},
                                         {}, {.calls = CallCheck::kAtEvaluation});
    REQUIRE(library.ok());
    Grower grower(true);
    int undecided = 0;
    for (int at = 0; at < kRules; ++at) {
      const std::string rule = grower.rule(4);
      std::string rest = rule;
      Fields known;
      for (const Fields& more : grower.steps()) {
        known.insert(more.begin(), more.end());
        const Step whole = step(rule, known, library->get());
        const Step part = step(rest, known, library->get());
        CAPTURE(rule);
        CAPTURE(rest);
        CHECK(part.outcome == whole.outcome);
        rest = part.left;
        if (whole.outcome != "true" && whole.outcome != "false") ++undecided;
      }
    }
    CHECK(undecided > kRules / 2);
  }

  TEST_CASE("sides that look at one field each need only the new fields") {
    Grower grower(false);
    int decided_late = 0;
    for (int at = 0; at < kRules; ++at) {
      const std::string rule = grower.rule(4);
      std::string rest = rule;
      Fields known;
      int steps = 0;
      for (const Fields& more : grower.steps()) {
        known.insert(more.begin(), more.end());
        const Step whole = step(rule, known);
        const Step part = step(rest, more);
        CAPTURE(rule);
        CAPTURE(rest);
        CHECK(part.outcome == whole.outcome);
        rest = part.left;
        if (!part.outcome.starts_with("unknown")) {
          decided_late += steps > 0 ? 1 : 0;
          break;
        }
        ++steps;
      }
    }
    CHECK(decided_late > kRules / 10);
  }
}
