// SPDX-License-Identifier: Apache-2.0
// zone() where libpsl has no public suffix list. A program of its own: its psl_latest() stands
// before that of libpsl, and the list is looked for once in a process.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include <libpsl.h>
#include <qtap/base.h>

#include <string>

#include "rulekit/public_suffix.h"
#include "tests/unit/rulekit/helpers.h"

using namespace qtap::rulekit;
using qtap::rulekit::test::compile_error;
using qtap::rulekit::test::outcome;

namespace {

int g_asked = 0;

}  // namespace

extern "C" psl_ctx_t* psl_latest(const char*) {
  ++g_asked;
  return nullptr;
}

TEST_SUITE("rulekit/no_suffix_list") {
  TEST_CASE("a rule that calls zone() says what is missing, and what to do") {
    const CompileResult compiled = Rule::compile("a or\n zone(host) == \"a.b\"");
    CHECK(compiled.rule == nullptr);
    CHECK(compiled.error.status == QTAP_ERR_UNSUPPORTED);
    CHECK(compiled.error.text ==
          "line 2, column 2: function \"zone\": libpsl has no public suffix list, neither its own "
          "nor a file; install the package publicsuffix");
    CHECK(compile_error("zone(host)") != "compiles");
    CHECK(g_asked == 1);
  }

  TEST_CASE("in_zone() needs no list") {
    CHECK(outcome("in_zone(host, \"example.com\")", {{"host", Value::string("a.example.com")}}) ==
          "true");
  }
}
