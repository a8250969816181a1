// SPDX-License-Identifier: Apache-2.0
#include "rulekit/rule_set.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "helpers.h"
#include "random_rules.h"
#include "rulekit/library.h"

using namespace qtap::rulekit;
using test::Fields;
using test::ip;
using test::RandomRules;

namespace {

// Rules and the set of them.
struct Rules {
  std::vector<std::unique_ptr<const Rule>> owned;
  std::unique_ptr<const RuleSet> set;

  explicit Rules(const std::vector<std::string>& texts, const CompileOptions& options = {}) {
    std::vector<const Rule*> rules;
    for (const std::string& text : texts) {
      CompileResult compiled = Rule::compile(text, options);
      CAPTURE(text);
      CAPTURE(compiled.error.text);
      REQUIRE(compiled.rule);
      owned.push_back(std::move(compiled.rule));
      rules.push_back(owned.back().get());
    }
    set = RuleSet::create(std::move(rules));
  }
};

std::string told(std::span<const SetHit> hits) {
  std::string out;
  for (const SetHit& hit : hits)
    out += std::to_string(hit.rule) + ": " + test::told(hit.outcome) + "\n";
  return out;
}

// What the rules say one by one.
std::string alone(const Rules& rules, SetMatch match, const FieldSource& source) {
  std::string out;
  for (size_t at = 0; at < rules.owned.size(); ++at) {
    Scratch scratch;
    const Outcome outcome = rules.owned[at]->evaluate(source, &scratch);
    if (outcome.fail()) continue;
    out += std::to_string(at) + ": " + test::told(outcome) + "\n";
    if (match == SetMatch::kFirst && outcome.pass()) break;
  }
  return out;
}

// The numbers of the rules that are told, "?" behind those that are undecided.
std::string hits(const std::vector<std::string>& texts, const Fields& fields,
                 SetMatch match = SetMatch::kAll) {
  const Rules rules(texts);
  SetScratch scratch;
  std::string out;
  for (const SetHit& hit : rules.set->evaluate(match, test::source(fields), &scratch)) {
    out += std::to_string(hit.rule) + (hit.outcome.ok() ? " " : "? ");
  }
  return out;
}

// Rules that an index can find, beside any others.
std::string indexable(RandomRules* random) {
  static const std::vector<std::string> kTexts = {"\"a\"", "\"abc\"", "\"b\"", "\"\"", "5", "1"};
  static const std::vector<std::string> kRegexes = {"/^a/", "/^ab/", "/^abc$/", "/^(a|b)$/", "/^/"};
  const std::string field = random->field();
  std::string rule;
  for (int n = random->chance(30) ? 2 : 1; n > 0; --n) {
    if (!rule.empty()) rule += " or ";
    if (random->chance(50)) {
      rule += field + " == " + random->one_of(kTexts);
    } else if (random->chance(30)) {
      rule += "starts_with(" + field + ", " + random->one_of(kTexts) + ")";
    } else if (random->chance(50)) {
      rule += field + " =~ " + random->one_of(kRegexes);
    } else {
      rule += field + " in " + random->array();
    }
  }
  if (random->chance(30)) return "(" + rule + ") and (" + random->condition(1) + ")";
  return rule;
}

}  // namespace

TEST_SUITE("rulekit/rule_set") {
  TEST_CASE("a set says of each rule what the rule says alone") {
    size_t told_of = 0;
    for (unsigned seed = 100; seed < 160; ++seed) {
      RandomRules random(seed);
      std::vector<std::string> texts;
      for (int n = 0; n < 40; ++n) {
        texts.push_back(random.chance(60) ? indexable(&random) : random.condition(2));
      }
      const Rules rules(texts, random.options());
      SetScratch scratch;
      for (int round = 0; round < 30; ++round) {
        const Fields fields = random.fields();
        const FieldSource source = RandomRules::failing_source(fields);
        const FieldSource plain = test::source(fields);
        std::vector<const Value*> table;
        for (const std::string& name : rules.set->fields()) {
          const auto it = fields.find(name);
          table.push_back(it == fields.end() ? nullptr : &it->second);
        }
        for (const SetMatch match : {SetMatch::kAll, SetMatch::kFirst}) {
          CHECK(told(rules.set->evaluate(match, source, &scratch)) == alone(rules, match, source));
          const std::string by_table =
              told(rules.set->evaluate(match, FieldTable(table), &scratch));
          CHECK(by_table == alone(rules, match, plain));
          told_of += by_table.size();
        }
      }
    }
    CHECK(told_of > 100000);
  }

  TEST_CASE("where the text of one field settles all rules, they say what they say alone") {
    const std::vector<std::string> texts = {"h == \"a\"",
                                            "h in [\"a\", 5, \"b\"]",
                                            "h =~ /^(b|a)$/",
                                            "h == \"b\" or h == \"\"",
                                            "h == 5",
                                            "h == \"a\"",
                                            "h == \"a host of more than thirty-two letters\""};
    const Rules rules(texts);
    SetScratch scratch;
    const std::vector<Value> elements = {Value::string("a"), Value::integer(5)};
    const std::vector<Value> values = {
        Value::string("a"),  Value::string("b"),
        Value::string(""),   Value::string("none"),
        Value::string("5"),  Value::string("a host of more than thirty-two letters"),
        Value::integer(5),   Value::unsigned_integer(5),
        Value::null(),       Value::bytes("a"),
        ip("10.0.0.1"),      Value::list(Type::kArray, elements),
        Value::boolean(true)};
    std::vector<const Value*> entries = {nullptr};
    for (const Value& value : values) entries.push_back(&value);
    for (const Value* const entry : entries) {
      Fields fields;
      if (entry != nullptr) fields.emplace("h", *entry);
      for (const SetMatch match : {SetMatch::kAll, SetMatch::kFirst}) {
        const std::string expected = alone(rules, match, test::source(fields));
        CHECK(told(rules.set->evaluate(match, FieldTable(&entry, 1), &scratch)) == expected);
        CHECK(told(rules.set->evaluate(match, test::source(fields), &scratch)) == expected);
      }
    }
    CHECK(hits(texts, {{"h", Value::string("a")}}) == "0 1 2 5 ");
    CHECK(hits(texts, {{"h", Value::string("a")}}, SetMatch::kFirst) == "0 ");
  }

  TEST_CASE("a source is asked once for the field that may settle all rules") {
    struct Host {
      Value value;
      int status = QTAP_OK;
      int asked = 0;
    };
    const Rules rules({"h == \"a\"", "h in [\"a\", 5]"});
    const auto asked = [&](Host host) {
      const auto lookup = [](void* user, const FieldRef&, Scratch&, Value* ret) {
        Host& known = *static_cast<Host*>(user);
        ++known.asked;
        *ret = known.value;
        return known.status;
      };
      SetScratch scratch;
      const auto hits = rules.set->evaluate(SetMatch::kAll, FieldSource{lookup, &host}, &scratch);
      return std::to_string(host.asked) + ": " + std::to_string(hits.size());
    };
    CHECK(asked({.value = Value::string("a")}) == "1: 2");
    CHECK(asked({.value = Value::string("b")}) == "1: 0");
    CHECK(asked({.value = Value::integer(5)}) == "1: 1");
    CHECK(asked({.value = {}, .status = QTAP_ERR_NOTFOUND}) == "1: 2");
    CHECK(asked({.value = {}, .status = QTAP_ERR_IO}) == "1: 2");
  }

  TEST_CASE("one rule that no text settles is asked beside those that one does") {
    for (const std::string other : {"h", "h != \"a\"", "n == 5", "starts_with(h, \"a\")",
                                    "h == \"a\" and n == 5", "h =~ /^a/", "m == \"a\""}) {
      CAPTURE(other);
      const Rules rules({"h == \"b\"", other, "h == \"a\""});
      SetScratch scratch;
      const Value a = Value::string("a");
      const Value five = Value::integer(5);
      const Fields fields = {{"h", a}, {"n", five}, {"m", a}};
      std::vector<const Value*> table;
      for (const std::string& name : rules.set->fields())
        table.push_back(&fields.find(name)->second);
      for (const SetMatch match : {SetMatch::kAll, SetMatch::kFirst}) {
        CHECK(told(rules.set->evaluate(match, FieldTable(table), &scratch)) ==
              alone(rules, match, test::source(fields)));
      }
    }
  }

  TEST_CASE("rules are found by equality, list and prefix of a field") {
    const std::vector<std::string> texts = {"h == \"a\"",
                                            "h == \"abc\"",
                                            "h in [\"x\", \"abc\"]",
                                            "h =~ /^ab/",
                                            "h =~ /^abcd/",
                                            "starts_with(h, \"a\")",
                                            "h =~ /^/",
                                            "h =~ /^(abc|y)$/",
                                            "h != \"abc\"",
                                            "n == 5",
                                            "n in [4, 5]",
                                            "starts_with(n, \"5\")",
                                            "h == \"abc\" and n == 6",
                                            "h == \"q\" or h =~ /^abc/"};
    CHECK(hits(texts, {{"h", Value::string("abc")}, {"n", Value::integer(5)}}) ==
          "1 2 3 5 6 7 9 10 11 13 ");
    CHECK(hits(texts, {{"h", Value::string("zzz")}, {"n", Value::unsigned_integer(5)}}) ==
          "6 8 9 10 11 ");
    CHECK(hits(texts, {{"h", Value::string("")}, {"n", Value::null()}}) == "6 8 11? ");
  }

  TEST_CASE("undecided rules are told, before the first that passes too") {
    const std::vector<std::string> texts = {"h == \"a\"", "n == 5", "n == 6", "m == 1 and n == 6",
                                            "n == 5"};
    const Fields fields = {{"n", Value::integer(5)}};
    CHECK(hits(texts, fields) == "0? 1 4 ");
    CHECK(hits(texts, fields, SetMatch::kFirst) == "0? 1 ");
    CHECK(hits({}, fields) == "");
  }

  TEST_CASE("one rule is explained with the fields of the set") {
    const Rules rules({"b == 1", "a == 1 and c == 2"});
    const Value one = Value::integer(1);
    const std::vector<const Value*> table = {nullptr, &one, nullptr};  // b, a, c
    Scratch scratch;
    Report report;
    CHECK(rules.set->explain(1, FieldTable(table), &scratch, &report).state == State::kMissing);
    CHECK(report.missing_fields() == std::vector<std::string>{"c"});
  }

  TEST_CASE("what rules share is evaluated once") {
    size_t calls = 0;
    const Function count{
        "count",
        {"x"},
        [](void* user, std::span<const Value> args, Scratch&, Value* ret, std::string*) {
          ++*static_cast<size_t*>(user);
          *ret = args[0];
          return static_cast<int>(QTAP_OK);
        },
        &calls};
    auto library = Library::create({}, {count});
    REQUIRE(library.ok());
    const Rules rules({"count(h) == \"a\"", "count(h) == \"b\" or n == 1", "not count(h)"},
                      {.library = library->get()});
    SetScratch scratch;
    const Fields fields = {{"h", Value::string("a")}, {"n", Value::integer(1)}};
    for (size_t round = 1; round <= 3; ++round) {
      const auto found = rules.set->evaluate(SetMatch::kAll, test::source(fields), &scratch);
      CHECK(found.size() == 2);
      CHECK(calls == round);
    }
  }

  TEST_CASE("one set serves many threads") {
    std::vector<std::string> texts;
    for (int n = 0; n < 200; ++n) texts.push_back("h == \"x" + std::to_string(n) + "\"");
    texts.push_back("(h =~ /x1+/ or n > 3) and not h contains \"7\"");
    texts.push_back("(h =~ /x1+/ or n > 3) and h contains \"7\"");
    const Rules rules(texts);
    std::vector<std::thread> threads;
    std::vector<size_t> wrong(4, 0);
    for (size_t thread = 0; thread < wrong.size(); ++thread) {
      threads.emplace_back([&rules, &wrong, thread] {
        SetScratch scratch;
        for (int n = 0; n < 2000; ++n) {
          const std::string host = "x" + std::to_string((n + static_cast<int>(thread)) % 200);
          const Fields fields = {{"h", Value::string(host)}, {"n", Value::integer(5)}};
          const auto found = rules.set->evaluate(SetMatch::kAll, test::source(fields), &scratch);
          const bool right = found.size() == 2 && found[0].outcome.pass() &&
                             "x" + std::to_string(found[0].rule) == host &&
                             found[1].rule == (host.find('7') == std::string::npos ? 200u : 201u);
          wrong[thread] += right ? 0u : 1u;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<size_t>(4, 0));
  }

  TEST_CASE("what one rule has no budget for is asked again for the next") {
    const auto library = Library::create({{"m", "c == d or f"}}, {});
    REQUIRE(library.ok());
    CompileOptions options;
    options.library = library->get();
    const Rules rules({"a == b or m() == \"x\"", "m() == \"x\""}, options);
    std::vector<Value> ones(1000, Value::integer(1));
    std::vector<Value> twos(1000, Value::integer(2));
    Fields fields = {{"a", Value::list(Type::kArray, ones)},
                     {"b", Value::list(Type::kArray, twos)},
                     {"c", Value::list(Type::kArray, ones)},
                     {"d", Value::list(Type::kArray, ones)},
                     {"f", Value::string("x")}};
    SetScratch scratch;
    CHECK(told(rules.set->evaluate(SetMatch::kAll, test::source(fields), &scratch)) ==
          alone(rules, SetMatch::kAll, test::source(fields)));
  }

  TEST_CASE("a set of 10,000 rules on as many fields is made in a moment") {
    std::vector<std::string> texts;
    for (int n = 0; n < 10000; ++n) texts.push_back("f.x" + std::to_string(n) + " == \"a\"");
    const Rules rules(texts);
    SetScratch scratch;
    const Fields fields = {{"f.x77", Value::string("a")}, {"f.x78", Value::string("b")}};
    const auto hits = rules.set->evaluate(SetMatch::kAll, test::source(fields), &scratch);
    REQUIRE(hits.size() == 9999);
    CHECK(hits[77].outcome.pass());
    CHECK(hits[78].rule == 79);
  }
}
