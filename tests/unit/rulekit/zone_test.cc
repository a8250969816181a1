// SPDX-License-Identifier: Apache-2.0
// zone(): the domain that one can register, by the public suffix list.
#include <string>

#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::compile_error;
using qtap::rulekit::test::ip;
using qtap::rulekit::test::outcome;

#ifdef QTAP_TEST_PSL

namespace {

// What zone() makes of a host name; "-" for no value, "?" for anything else.
std::string zone_of(std::string_view host) {
  const CompileResult compiled = Rule::compile("zone(host)");
  REQUIRE(compiled.rule);
  const test::Fields fields = {{"host", Value::string(host)}};
  Scratch scratch;
  const Outcome outcome = compiled.rule->evaluate(test::source(fields), &scratch);
  if (!outcome.ok()) return "?";
  if (outcome.value.type == Type::kNull) return "-";
  return outcome.value.type == Type::kString ? std::string(outcome.value.str()) : "?";
}

}  // namespace

TEST_SUITE("rulekit/zone") {
  TEST_CASE("it is the public suffix and one label") {
    CHECK(zone_of("a.b.co.uk") == "b.co.uk");
    CHECK(zone_of("b.co.uk") == "b.co.uk");
    CHECK(zone_of("api.example.com") == "example.com");
    CHECK(zone_of("a.b.github.io") == "b.github.io");  // a suffix of the list's private part
    CHECK(zone_of("a.b.c.kawasaki.jp") == "b.c.kawasaki.jp");    // *.kawasaki.jp
    CHECK(zone_of("a.city.kawasaki.jp") == "city.kawasaki.jp");  // !city.kawasaki.jp
    CHECK(zone_of("a.b.nosuchname") == "b.nosuchname");          // every unknown name is a suffix
    CHECK(zone_of("www.食狮.公司.cn") == "食狮.公司.cn");
    CHECK(zone_of("www.xn--85x722f.xn--55qx5d.cn") == "xn--85x722f.xn--55qx5d.cn");
  }

  TEST_CASE("case, a final dot and a port do not count") {
    CHECK(zone_of("WWW.Example.COM.:8443") == "example.com");
    CHECK(zone_of("www.example.com.") == "example.com");
    CHECK(zone_of("www.example.com:80") == "example.com");
  }

  TEST_CASE("suffixes, single labels, addresses and what is no name have none") {
    for (const std::string none :
         {"", ".", "com", "co.uk", "localhost", "localhost:80", "1.2.3.4", "1.2.3.4:80", "::1",
          "[::1]:443", "2001:db8::1", "a..com", ".example.com", "example.com..", "example.com:x"}) {
      CAPTURE(none);
      CHECK(zone_of(none) == "-");
    }
    CHECK(zone_of(std::string("a.com\0.b", 8)) == "-");
    CHECK(zone_of(std::string(250, 'a') + ".b.com") == "-");
    CHECK(zone_of(std::string(247, 'a') + ".b.com") == "b.com");
    CHECK(outcome("zone(f) == \"a\" or zone(f) != \"a\"", {{"f", ip("1.2.3.4")}}) == "false");
    CHECK(outcome("zone(5)") == "false");
  }

  TEST_CASE("a missing name leaves it open, and the number of arguments is checked") {
    CHECK(outcome("zone(host) == \"example.com\"") == "unknown");
    CHECK(compile_error("zone(a, b)") ==
          "line 1, column 1: function \"zone\" takes 1 argument, not 2");
    CHECK(outcome("zone(host) == \"example.com\"", {{"host", Value::string("a.Example.com")}}) ==
          "true");
  }
}

#else

TEST_SUITE("rulekit/zone") {
  TEST_CASE("without libpsl a rule that calls it says what is missing") {
    const CompileResult compiled = Rule::compile("a or zone(host) == \"a.b\"");
    CHECK(compiled.error.status == QTAP_ERR_UNSUPPORTED);
    CHECK(compiled.error.text ==
          "line 1, column 6: function \"zone\": this build of libqtap has no public suffix list; "
          "build it with libpsl (libpsl-dev)");
  }
}

#endif
