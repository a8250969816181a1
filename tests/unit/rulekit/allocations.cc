// SPDX-License-Identifier: Apache-2.0
// An evaluation of ordinary rules does not allocate, nor does a set that has been evaluated once. A
// program of its own: it counts what operator new is asked for.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "rulekit/rule_set.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::Fields;
using qtap::rulekit::test::ip;
using qtap::rulekit::test::source;

namespace {

size_t g_allocations = 0;

// Of every type of step that programs have; the rules of the benchmark among them.
const std::vector<std::string> kRules = {
    "method == \"GET\"",
    "status >= 500",
    "host matches /\\.example\\.com$/",
    "host =~ /^[a-z]+\\.ex[a-m]+ple/",
    "src.ip in 10.0.0.0/8 and dst.port == 443",
    "method in [\"PUT\", \"POST\", \"PATCH\", \"GET\"]",
    "tags contains \"internal\" or agent contains \"curl\"",
    "starts_with(path, \"/api/v1/\") and agent",
    "in_zone(host, \"example.com\") and not (path != \"/\")",
    "missing == 1 or also.missing and status",
    "host == path or status != 7 or latency < 2.5",
};

Fields fields() {
  static const std::vector<Value> kTags = {Value::string("prod"), Value::string("internal")};
  return {{"method", Value::string("GET")},
          {"status", Value::integer(200)},
          {"host", Value::string("api.example.com")},
          {"src.ip", ip("10.1.2.3")},
          {"dst.port", Value::integer(443)},
          {"tags", Value::list(Type::kStringList, kTags)},
          {"agent", Value::string("curl/8.5.0, and more than a short string holds")},
          {"path", Value::string("/api/v1/users")},
          {"latency", Value::number(12.75)}};
}

std::vector<const Value*> table_of(std::span<const std::string> names, const Fields& known) {
  std::vector<const Value*> table;
  for (const std::string& name : names) {
    const auto it = known.find(name);
    table.push_back(it == known.end() ? nullptr : &it->second);
  }
  return table;
}

}  // namespace

void* operator new(size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
// std::stable_sort asks this one; the sanitizers want its memory given back where it came from.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++g_allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

TEST_SUITE("rulekit/allocations") {
  TEST_CASE("a rule is evaluated without an allocation") {
    const Fields known = fields();
    for (const std::string& text : kRules) {
      CAPTURE(text);
      const CompileResult compiled = Rule::compile(text);
      REQUIRE(compiled.rule);
      const auto table = table_of(compiled.rule->fields(), known);
      // RE2 builds the states of an automaton when it meets the first subject.
      Scratch warm;
      compiled.rule->evaluate(FieldTable(table), &warm);
      const size_t before = g_allocations;
      for (int n = 0; n < 10; ++n) {
        Scratch scratch;
        compiled.rule->evaluate(FieldTable(table), &scratch);
        compiled.rule->evaluate(source(known), &scratch);
      }
      CHECK(g_allocations == before);
    }
  }

  TEST_CASE("a set is, once its scratch has grown") {
    std::vector<CompileResult> compiled;
    std::vector<const Rule*> rules;
    for (const std::string& text : kRules) compiled.push_back(Rule::compile(text));
    for (int n = 0; n < 100; ++n) {
      compiled.push_back(Rule::compile("host == \"host-" + std::to_string(n) + ".example.com\""));
    }
    for (const CompileResult& one : compiled) rules.push_back(one.rule.get());
    const Fields known = fields();
    const Value host = Value::string("host-5.example.com");
    const auto all = RuleSet::create(rules);
    const auto hosts =
        RuleSet::create({rules.begin() + static_cast<long>(kRules.size()), rules.end()});
    const auto table = table_of(all->fields(), known);
    const Value* const host_entry = &host;
    SetScratch scratch;
    size_t before = 0;
    for (int n = 0; n < 10; ++n) {
      if (n == 1) before = g_allocations;
      for (const SetMatch match : {SetMatch::kAll, SetMatch::kFirst}) {
        all->evaluate(match, FieldTable(table), &scratch);
        all->evaluate(match, source(known), &scratch);
        const auto hits = hosts->evaluate(match, FieldTable(&host_entry, 1), &scratch);
        if (hits.size() != 1 || hits[0].rule != 5) FAIL_CHECK("the wrong hits");
      }
    }
    CHECK(g_allocations == before);
  }
}
