// SPDX-License-Identifier: Apache-2.0
// What a flow says of all rules and fields is in program_test.cc, where a rule has one.
#include "rulekit/flow.h"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "helpers.h"
#include "rulekit/field_names.h"
#include "rulekit/program_builder.h"
#include "rulekit/rule.h"

using namespace qtap::rulekit;

namespace {

// `field verdict>to`, one after the other, and the end behind them.
std::string drawn(std::string_view text) {
  const CompileResult compiled = Rule::compile(text);
  REQUIRE(compiled.rule);
  FieldNames names;
  names.add(compiled.rule->tree());
  ProgramBuilder builder(names, Sharing::kNone);
  const auto root = builder.add(compiled.rule->tree());
  REQUIRE(root);
  const Program program = builder.finish();
  const Flow flow = flow_of(program, *root);
  const auto place = [](uint32_t to) {
    return to == FlowTest::kTrue     ? std::string("true")
           : to == FlowTest::kFalse  ? std::string("false")
           : to == FlowTest::kItself ? std::string("itself")
                                     : std::to_string(to);
  };
  std::string out;
  for (const FlowTest& test : flow) {
    if (&test == &flow.back()) return out + place(test.to);
    const bool when = test.leaves_when == Verdict::kTrue;
    out += names.names()[test.test.field] + (when ? "?" : "!") + place(test.to) + ' ';
  }
  return out;
}

}  // namespace

TEST_SUITE("rulekit/flow") {
  TEST_CASE("a test leaves the row for where its outcome decides") {
    CHECK(drawn("a == 1") == "a!false true");
    CHECK(drawn("not a == 1") == "a!true false");
    CHECK(drawn("a == 1 and b == 1 and c == 1") == "a!false b!false c!false true");
    CHECK(drawn("a == 1 or b == 1") == "a?true b!false true");
    CHECK(drawn("(a == 1 or b == 1) and not c == 1") == "a?2 b!false c!true false");
    CHECK(drawn("(a == 1 and b == 1) or (c == 1 and d == 1)") == "a!2 b?true c!false d!false true");
    CHECK(drawn("not (a == 1 and b == 1) and c == 1") == "a!2 b?false c!false true");
  }

  TEST_CASE("a field that decides alone is what the rule comes to") {
    CHECK(drawn("a") == "a!itself itself");
    CHECK(drawn("not a") == "a!true false");
    CHECK(drawn("a and b") == "a!itself b!itself true");
    CHECK(drawn("a or b") == "a?itself b!false itself");
    CHECK(drawn("a == 1 and (b or c)") == "a!false b?true c!false true");
  }

  TEST_CASE("calls, and fields against fields, have no flow") {
    CHECK(drawn("in_zone(a, \"b\") and c == 1").empty());
    CHECK(drawn("a == b").empty());
  }

  TEST_CASE("orders of integers hold at both ends of them") {
    constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    const std::vector<int64_t> numbers = {kLeast, kLeast + 1, -1, 0, 1, kMost - 1, kMost};
    for (const int64_t left : numbers) {
      for (const int64_t right : numbers) {
        const auto holds = [&](Op op) {
          FieldTest test;
          set_integers(&test, op, right);
          return verdict_of(test, Value::integer(left)) == Verdict::kTrue;
        };
        CAPTURE(left);
        CAPTURE(right);
        CHECK(holds(Op::kEq) == (left == right));
        CHECK(holds(Op::kNe) == (left != right));
        CHECK(holds(Op::kLt) == (left < right));
        CHECK(holds(Op::kLe) == (left <= right));
        CHECK(holds(Op::kGt) == (left > right));
        CHECK(holds(Op::kGe) == (left >= right));
      }
    }
  }
}
