// SPDX-License-Identifier: Apache-2.0
#include "rulekit/program_builder.h"

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "helpers.h"
#include "random_rules.h"
#include "rulekit/library.h"
#include "rulekit/program_run.h"

using namespace qtap::rulekit;
using test::Fields;
using test::RandomRules;
using test::told;

namespace {

std::vector<const Value*> table_of(std::span<const std::string> names, const Fields& fields) {
  std::vector<const Value*> table;
  for (const std::string& name : names) {
    const auto it = fields.find(name);
    table.push_back(it == fields.end() ? nullptr : &it->second);
  }
  return table;
}

// How often each field is asked for.
struct Asked {
  std::vector<std::string> names;
  static int lookup(void* user, const FieldRef& field, Scratch&, Value* ret) {
    static_cast<Asked*>(user)->names.emplace_back(field.name);
    if (field.name == "x") return QTAP_ERR_NOTFOUND;
    *ret = Value::string("a");
    return QTAP_OK;
  }
};

std::string asked(std::string_view text, bool with_report) {
  const CompileResult compiled = Rule::compile(text);
  REQUIRE(compiled.rule);
  Asked asked;
  Scratch scratch;
  Report report;
  compiled.rule->evaluate({Asked::lookup, &asked}, &scratch, with_report ? &report : nullptr);
  std::string out;
  for (const std::string& name : asked.names) out += name + " ";
  return out;
}

}  // namespace

TEST_SUITE("rulekit/program") {
  TEST_CASE("the program says what the tree says, of all rules and fields") {
    size_t decided = 0;
    size_t missing = 0;
    size_t errors = 0;
    for (unsigned seed = 1; seed <= 20; ++seed) {
      RandomRules rules(seed);
      for (int round = 0; round < 400; ++round) {
        const std::string text = rules.condition(3);
        const CompileResult compiled = Rule::compile(text, rules.options());
        CAPTURE(text);
        CAPTURE(compiled.error.text);
        REQUIRE(compiled.rule);
        for (int n = 0; n < 6; ++n) {
          const Fields fields = rules.fields();
          Scratch scratch;
          Report report;
          const FieldSource source = test::source(fields);
          const FieldSource failing = RandomRules::failing_source(fields);
          const Outcome walked = compiled.rule->evaluate(source, &scratch, &report);
          const auto table = table_of(compiled.rule->fields(), fields);
          CHECK(told(compiled.rule->evaluate(source, &scratch)) == told(walked));
          CHECK(told(compiled.rule->evaluate(FieldTable(table), &scratch)) == told(walked));
          CHECK(told(compiled.rule->evaluate(FieldTable(table), &scratch, &report)) ==
                told(walked));
          CHECK(told(compiled.rule->evaluate(failing, &scratch)) ==
                told(compiled.rule->evaluate(failing, &scratch, &report)));
          decided += walked.ok() ? 1u : 0u;
          missing += walked.state == State::kMissing ? 1u : 0u;
          errors += walked.state == State::kError ? 1u : 0u;
        }
      }
    }
    // Chance has met all three.
    CHECK(decided > 10000);
    CHECK(missing > 2000);
    CHECK(errors > 500);
  }

  TEST_CASE("fields are numbered once, those of macros included") {
    auto library = Library::create({{"m", "c and a and n()"}, {"n", "d.e == 1"}}, {});
    REQUIRE(library.ok());
    const auto compiled = Rule::compile("a == 1 and b == a and m()", {.library = library->get()});
    REQUIRE(compiled.rule);
    const auto names = compiled.rule->fields();
    CHECK(std::vector<std::string>(names.begin(), names.end()) ==
          std::vector<std::string>{"a", "b", "c", "d.e"});
  }

  TEST_CASE("a field is asked for when it matters, and then once") {
    for (const bool with_report : {false, true}) {
      CAPTURE(with_report);
      CHECK(asked("a == \"b\" and c == 1", with_report) == "a ");
      CHECK(asked("a == \"b\" or a == \"c\" or a == c or c", with_report) == "a c ");
      CHECK(asked("x == 1 or x == 2 or y == x", with_report) == "x y ");
    }
  }

  TEST_CASE("a rule has as many fields as it likes") {
    std::string text = "g0 == \"b\"";
    for (int n = 1; n < 100; ++n) text += " or g" + std::to_string(n) + " == \"b\"";
    CHECK(asked(text, false) == asked(text, true));
    CHECK(asked(text, false).size() > 300);
  }

  TEST_CASE("one rule serves many threads, with its functions, macros and regexes") {
    const Function twice{
        "twice",
        {"text"},
        [](void*, std::span<const Value> args, Scratch& scratch, Value* ret, std::string*) {
          *ret = Value::string(scratch.copy(std::string(args[0].str()) += args[0].str()));
          return static_cast<int>(QTAP_OK);
        }};
    const auto library = Library::create({{"odd", "h =~ /x[13579]+$/"}}, {twice});
    REQUIRE(library.ok());
    const auto compiled =
        Rule::compile("odd() and twice(h) contains \"x\" and not (h in [\"x3\", \"x5\"])",
                      {.library = library->get()});
    const auto alone = Rule::compile("h == \"x1\"");
    REQUIRE(compiled.rule);
    std::vector<size_t> wrong(4, 0);
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < wrong.size(); ++thread) {
      threads.emplace_back([&, thread] {
        for (int n = 0; n < 1000; ++n) {
          const int last = (n + static_cast<int>(thread)) % 10;
          const std::string host = "x" + std::to_string(last);
          const Value value = Value::string(host);
          const Value* const entry = &value;
          const Fields fields = {{"h", value}};
          const bool passes = last % 2 == 1 && last != 3 && last != 5;
          Scratch scratch;
          Report report;
          Residue residue;
          const bool right =
              compiled.rule->evaluate(test::source(fields), &scratch).pass() == passes &&
              compiled.rule->evaluate(FieldTable(&entry, 1), &scratch).pass() == passes &&
              compiled.rule->evaluate(test::source(fields), &scratch, &report, &residue).pass() ==
                  passes &&
              alone.rule->evaluate(FieldTable(&entry, 1), &scratch).pass() == (last == 1);
          wrong[thread] += right ? 0u : 1u;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<size_t>(4, 0));
  }

  TEST_CASE("tables are filled from nested maps") {
    const std::vector<MapEntry> inner = {{"b", Value::integer(1)}};
    const std::vector<MapEntry> top = {{"a", Value::map(inner)}, {"c.d", Value::integer(2)}};
    const auto compiled = Rule::compile("a.b == 1 and c.d == 2 or a.z");
    REQUIRE(compiled.rule);
    std::vector<const Value*> table(3);
    fill_table(compiled.rule->fields(), top, table);
    Scratch scratch;
    CHECK(compiled.rule->evaluate(FieldTable(table), &scratch).pass());
    CHECK(table[2] == nullptr);
  }

  TEST_CASE("macros that multiply are evaluated from the tree, up to its limit") {
    std::vector<MacroText> macros = {{"m0", "g0"}};
    for (int n = 1; n <= 24; ++n) {
      const std::string inner = "m" + std::to_string(n - 1) + "()";
      macros.push_back({"m" + std::to_string(n), inner + " and " + inner});
    }
    auto library = Library::create(std::move(macros), {});
    REQUIRE(library.ok());
    const Fields fields = {{"g0", Value::boolean(true)}};
    const CompileOptions options{.library = library->get()};
    CHECK(test::outcome("m10()", fields, options) == "true");
    CHECK(test::outcome("m16()", fields, options) == "true");
    CHECK(test::outcome("m24()", fields, options) == "error");
  }
}
