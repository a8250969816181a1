// SPDX-License-Identifier: Apache-2.0
// What a rule says with fields missing, if it says anything, it says with any values of them. Rules
// are evaluated before all fields are known because of this.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "helpers.h"
#include "random_rules.h"
#include "rulekit/rule_set.h"

using namespace qtap::rulekit;
using test::Fields;
using test::RandomRules;

namespace {

char said(const Outcome& outcome) {
  return outcome.pass() ? '+' : outcome.fail() ? '-' : '?';
}

// By each way there is: all ways must agree, and their answer is given.
char alone(const Rule& rule, const Fields& fields) {
  Scratch scratch;
  Report report;
  const FieldSource source = test::source(fields);
  const char by_program = said(rule.evaluate(source, &scratch));
  const char by_tree = said(rule.evaluate(source, &scratch, &report));
  CHECK(by_program == by_tree);
  return by_program;
}

std::string together(const RuleSet& set, const Fields& fields) {
  std::string all(set.size(), '-');
  SetScratch scratch;
  for (const SetHit& hit : set.evaluate(SetMatch::kAll, test::source(fields), &scratch)) {
    all[hit.rule] = said(hit.outcome);
  }
  return all;
}

Fields all_fields(RandomRules* random) {
  Fields fields;
  for (int n = 0; n < 6; ++n) fields.emplace("g" + std::to_string(n), random->value());
  return fields;
}

}  // namespace

TEST_SUITE("rulekit/monotone") {
  TEST_CASE("what is decided with fields missing stays decided with any values of them") {
    size_t decided = 0;
    for (unsigned seed = 500; seed < 530; ++seed) {
      RandomRules random(seed);
      std::vector<std::unique_ptr<const Rule>> owned;
      std::vector<const Rule*> rules;
      std::vector<std::string> texts;
      while (rules.size() < 40) {
        texts.push_back(random.condition(3));
        owned.push_back(Rule::compile(texts.back(), random.options()).rule);
        REQUIRE(owned.back());
        rules.push_back(owned.back().get());
      }
      const auto set = RuleSet::create(rules);
      for (int round = 0; round < 10; ++round) {
        Fields some = all_fields(&random);
        for (int n = 0; n < 6; ++n) {
          if (random.chance(50)) some.erase("g" + std::to_string(n));
        }
        std::string early;
        for (const Rule* rule : rules) early += alone(*rule, some);
        CHECK(together(*set, some) == early);
        for (int value = 0; value < 5; ++value) {
          Fields full = some;
          for (const auto& [name, given] : all_fields(&random)) full.emplace(name, given);
          const std::string late = together(*set, full);
          for (size_t at = 0; at < rules.size(); ++at) {
            if (early[at] == '?') continue;
            ++decided;
            CAPTURE(texts[at]);
            CHECK(late[at] == early[at]);
            CHECK(alone(*rules[at], full) == early[at]);
          }
        }
      }
    }
    CHECK(decided > 10000);  // chance has met enough of them
  }

  // The one exception: what an evaluation may cost is for the whole of it, and more fields can cost
  // more. Then the rule says that it does not know; it never says the opposite.
  TEST_CASE("a limit may undecide what was decided without the field that is dear") {
    const std::vector<Value> ones(1000, Value::integer(1));
    const std::vector<Value> twos(1000, Value::integer(2));
    Fields fields = {{"b.x", Value::list(Type::kArray, ones)},
                     {"c.x", Value::list(Type::kArray, ones)},
                     {"d.x", Value::list(Type::kArray, twos)}};
    CHECK(test::outcome("a.x == b.x and c.x == d.x", fields) == "false");
    fields["a.x"] = Value::list(Type::kArray, ones);
    CHECK(test::outcome("a.x == b.x and c.x == d.x", fields) == "error");
  }
}
