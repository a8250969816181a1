// SPDX-License-Identifier: Apache-2.0
// What people are told beyond the position: suggestions, fields that do not exist, comparisons that
// are never true, the line with a caret.
#include <vector>

#include <doctest/doctest.h>

#include "rulekit/excerpt.h"
#include "rulekit/library.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using namespace qtap::rulekit::test;

namespace {

const std::vector<KnownField> kFields = {
    {"host", Type::kString},        {"status", Type::kInt},  {"src.ip", Type::kIp},
    {"tags", Type::kStringList},    {"secure", Type::kBool}, {"headers.", Type::kString},
    {"http.res.body", Type::kNull},
};

// The warnings, one per line.
std::string warnings(std::string_view text) {
  CompileOptions options;
  options.fields = kFields;
  const CompileResult compiled = Rule::compile(text, options);
  REQUIRE(compiled.rule != nullptr);
  std::string out;
  for (const Warning& warning : compiled.warnings) out += warning.text + "\n";
  return out;
}

}  // namespace

TEST_SUITE("rulekit/advice") {
  TEST_CASE("operators of other languages") {
    const std::pair<const char*, const char*> cases[] = {
        {"host contain \"x\"", "found \"contain\"; did you mean \"contains\"?"},
        {"host macthes /x/", "found \"macthes\"; did you mean \"matches\"?"},
        {"host LIKE \"x\"", "found \"LIKE\"; did you mean \"matches\"?"},
        {"host is \"x\"", "found \"is\"; did you mean \"==\"?"},
        {"host startswith \"x\"", "did you mean \"starts_with(text, prefix)\"?"},
        {"a == 1 adn b", "found \"adn\"; did you mean \"and\"?"},
        {"a <> 1", "found \">\"; did you mean \"!=\"?"},
        {"a => 1", "found \"=\"; did you mean \">=\"?"},
        {"a === 1", "found \"=\"; did you mean \"==\"?"},
        {"a ~= /x/", "found \"~\"; did you mean \"=~\"?"},
        {"a !~ /x/", "found \"!\"; did you mean \"not matches\"?"},
    };
    for (const auto& [rule, wanted] : cases) {
      const char* text = rule;  // clang 14 captures no structured bindings
      CAPTURE(text);
      const std::string error = compile_error(text);
      CHECK_MESSAGE(error.find(wanted) != std::string::npos, error);
    }
    // A name where no operator could stand is no misspelt one.
    CHECK(compile_error("[1 contain]").find("did you mean") == std::string::npos);
    CHECK(compile_error("host frobs \"x\"").find("did you mean") == std::string::npos);
  }

  TEST_CASE("functions and macros") {
    CHECK(compile_error("start_with(host, \"a\")") ==
          "line 1, column 1: unknown function \"start_with\"; did you mean \"starts_with\"?");
    const auto library = Library::create({{"is_4xx", "status >= 400"}}, {});
    REQUIRE(library.ok());
    CompileOptions options;
    options.library = library->get();
    CHECK(outcome("is_5xx()", {}, options) ==
          "line 1, column 1: unknown function \"is_5xx\"; did you mean \"is_4xx\"?");
  }

  TEST_CASE("fields") {
    CHECK(warnings("hots == \"x\"") ==
          "line 1, column 1: unknown field \"hots\"; did you mean \"host\"?\n");
    CHECK(warnings("host == \"x\" and headers.any-thing.at_all == \"y\"").empty());
    CHECK(warnings("headers. == \"y\"") == "line 1, column 1: unknown field \"headers.\"\n");
    CHECK(warnings("status in [stats]") ==
          "line 1, column 12: unknown field \"stats\"; did you mean \"status\"?\n");
    CHECK(Rule::compile("anything").warnings.empty());

    CompileOptions strict;
    strict.fields = kFields;
    strict.unknown_fields_fail = true;
    const CompileResult compiled = Rule::compile("host and\n  stauts == 5", strict);
    CHECK(compiled.rule == nullptr);
    CHECK(compiled.error.text ==
          "line 2, column 3: unknown field \"stauts\"; did you mean \"status\"?");
    CHECK(compiled.error.offset == 11);
    CHECK(compiled.error.end_offset == 17);
    const auto library = Library::create({{"m", "hots"}}, {}, strict);
    REQUIRE(!library.ok());
    CHECK(library.error().text.find("did you mean \"host\"?") != std::string::npos);
  }

  TEST_CASE("never true") {
    const std::pair<const char*, const char*> cases[] = {
        {"status == \"500\"", "\"status\" is a number, \"500\" is text"},
        {"status != \"500\"", "\"status\" is a number, \"500\" is text"},
        {"host == 1", "\"host\" is text, \"1\" is a number"},
        {"host in 10.0.0.0/8", "\"host\" is text, \"10.0.0.0/8\" is a network"},
        {"src.ip == \"localhost\"", "\"src.ip\" is an address, \"localhost\" is text"},
        {"secure == 1", "\"secure\" is true or false, \"1\" is a number"},
        {"tags == 1.2.3.4", "\"tags\" is a list of text, \"1.2.3.4\" is an address"},
        {"status =~ /5/", "\"status\" is a number, \"=~\" looks into text"},
        {"status contains 5",
         "\"status\" is a number, \"contains\" looks into text, lists and networks"},
        {"host > 5", "\"host\" is text, \">\" compares numbers"},
        {"5 > host", "\"host\" is text, \">\" compares numbers"},
        {"status in [1, \"2\"]", "\"2\" is text, \"status\" is a number"},
        {"host in [/x/]", "\"/x/\" is a regex, \"host\" is text"},
    };
    for (const auto& [rule, wanted] : cases) {
      const char* text = rule;  // clang 14 captures no structured bindings
      CAPTURE(text);
      CHECK(warnings(text) == std::string("line 1, column 1: never true: ") + wanted + "\n");
    }
    for (const char* text :
         {"status == 500.0", "host == \"x\"", "host == /x/", "host == 1.2.3.4", "host == 61:62",
          "src.ip in 10.0.0.0/8", "src.ip == \"10.0.0.0/8\"", "tags contains \"x\"", "tags =~ /x/",
          "host contains \"\"", "status < 5 and host", "http.res.body > 1", "host == [1, \"x\"]",
          "host in [\"a\", tags]", "secure == true", "host in tags", "f == 61:62"}) {
      CAPTURE(text);
      const std::string told = warnings(text);
      CHECK_MESSAGE(told.find("never") == std::string::npos, told);
    }
  }

  TEST_CASE("what is said to be never true is not") {
    const Fields values = {{"host", Value::string("500")},
                           {"status", Value::integer(500)},
                           {"src.ip", ip("10.0.0.1")},
                           {"secure", Value::boolean(true)}};
    for (const char* text :
         {"status == \"500\"", "status != \"500\"", "host == 500", "host != 500",
          "host in 10.0.0.0/8", "src.ip == \"localhost\"", "src.ip != \"localhost\"", "secure == 1",
          "status =~ /5/", "status contains 500", "host > 5", "5 > host", "status in [\"500\"]",
          "host in [/5/]"}) {
      CAPTURE(text);
      CHECK(outcome(text, values) == "false");
    }
  }

  TEST_CASE("the line and a caret") {
    CHECK(excerpt("status ==", 1, 10) == "  status ==\n           ^\n");
    CHECK(excerpt("a and\nb = 1\nor c", 2, 3) == "  b = 1\n    ^\n");
    CHECK(excerpt("\ta == ", 1, 1) == "   a == \n  ^\n");
    // Columns count bytes, carets characters; what could steer a terminal does not.
    CHECK(excerpt("\"\xC3\xA4\xC3\xA4\" =", 1, 8) == "  \"\xC3\xA4\xC3\xA4\" =\n       ^\n");
    CHECK(excerpt("\"\x1B[2J\xFF\xC2\x9B\" =", 1, 1) == "  \"?[2J??\" =\n  ^\n");
    CHECK(excerpt("\xFF =", 1, 5) == "  ? =\n    ^\n");
    const std::string longer = std::string(100, 'a') + " = " + std::string(100, 'b');
    CHECK(excerpt(longer, 1, 102) == "  ..." + std::string(47, 'a') + " = " + std::string(22, 'b') +
                                         "...\n" + std::string(53, ' ') + "^\n");
    CHECK(excerpt("a", 2, 1).empty());
    CHECK(excerpt("a", 0, 0).empty());
    CHECK(excerpt("", 1, 1) == "  \n  ^\n");
  }

}  // TEST_SUITE
