// SPDX-License-Identifier: Apache-2.0
// What rules hold in memory, by what malloc says of itself: it does not depend on what the system
// gives back, and other tests leave nothing running.
#include <malloc.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <qtap/base.h>

#include "helpers.h"
#include "rulekit/library.h"
#include "rulekit/rule_set.h"

using namespace qtap::rulekit;
using test::Fields;

namespace {

size_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// 64 KiB of "first, first + 1, .." with a separator.
std::string long_text(const std::string& before, const std::string& between, size_t each) {
  std::string text;
  for (int n = 10000; text.size() + each + 100 < 64 * 1024; ++n) {
    text += (text.empty() ? "" : between) + before + std::to_string(n);
  }
  return text;
}

struct Held {
  size_t rules = 0;  // bytes of 1,000 rules
  size_t set = 0;    // and of the set of them
};

Held held_by_callers(const std::string& macro) {
  const auto library = Library::create({{"m", macro}}, {});
  REQUIRE(library.ok());
  const CompileOptions options{.library = library->get()};
  std::vector<std::unique_ptr<const Rule>> owned;
  std::vector<const Rule*> rules;
  owned.reserve(1000);
  rules.reserve(1000);
  const size_t empty = bytes_in_use();
  for (int n = 0; n < 1000; ++n) {
    owned.push_back(Rule::compile("m() and f.x == " + std::to_string(n), options).rule);
    REQUIRE(owned.back());
    rules.push_back(owned.back().get());
  }
  const size_t compiled = bytes_in_use();
  const auto set = RuleSet::create(rules);
  const Held held{compiled - empty, bytes_in_use() - compiled};

  // They still say what they should.
  SetScratch scratch;
  const Fields fields = {{"f.x", Value::integer(77)}, {"f.y", Value::integer(10005)}};
  const auto hits = set->evaluate(SetMatch::kAll, test::source(fields), &scratch);
  REQUIRE(hits.size() == 1);
  if (bytes_in_use() == 0)
    MESSAGE("a sanitizer's malloc does not tell what is in use: not measured");
  CHECK(hits[0].rule == 77);
  return held;
}

}  // namespace

TEST_SUITE("rulekit/memory") {
  TEST_CASE("rules that call a macro with a long list share the list") {
    const Held held = held_by_callers("f.y in [" + long_text("", ", ", 7) + "]");
    CAPTURE(held.rules);
    CAPTURE(held.set);
    CHECK(held.rules < 6 * 1000 * 1000);  // 344 MB when each had its own
    CHECK(held.set < 4 * 1000 * 1000);
  }

  TEST_CASE("rules that call a macro of many conditions do not each have them all") {
    const Held held = held_by_callers(long_text("f.y == ", " or ", 16));
    CAPTURE(held.rules);
    CAPTURE(held.set);
    CHECK(held.rules < 6 * 1000 * 1000);
    CHECK(held.set < 8 * 1000 * 1000);
  }
}
