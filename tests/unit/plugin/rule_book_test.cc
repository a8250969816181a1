// SPDX-License-Identifier: Apache-2.0
// What is said of rules that stand in a configuration.
#include "plugin/rule_book.h"

#include <doctest/doctest.h>

#include "rule_fixture.h"

using namespace qtap;
using plugin::RuleBook;
using test::rule_text;

namespace {

RuleText placed(std::string expr, std::string name) {
  RuleText text = rule_text(std::move(expr), std::move(name));
  text.key = "stacks.main.plugins[1].config.rules[2]";
  text.place = "qtap.yaml:7:9: ";
  return text;
}

std::string error_of(const RuleText& rule) {
  auto book = RuleBook::create({});
  REQUIRE(book.ok());
  const auto compiled = (*book)->compile(rule);
  REQUIRE_FALSE(compiled.ok());
  return message_of(compiled.error());
}

std::string macro_error_of(const std::vector<RuleText>& macros) {
  const auto book = RuleBook::create(macros);
  REQUIRE_FALSE(book.ok());
  return message_of(book.error());
}

}  // namespace

TEST_SUITE("plugin/rule_book") {
  TEST_CASE("an error names the place in the configuration, the rule, and the place in it") {
    CHECK(error_of(placed("http.res.status ==", "errors")) ==
          "QT147: qtap.yaml:7:9: error: stacks.main.plugins[1].config.rules[2] \"errors\": column "
          "19: expected a value after \"==\"");
    CHECK(error_of(rule_text("a ==\n==")).starts_with("QT147: rules[0]: "));
    CHECK(error_of(rule_text("true\nand ==")).find("line 2, column") != std::string::npos);
  }

  TEST_CASE("a field that does not exist is an error with a suggestion") {
    const std::string error = error_of(placed("http.res.staus == 404", ""));
    CHECK(error.find("rules[2]: column 1: ") != std::string::npos);
    CHECK(error.find("did you mean \"http.res.status\"") != std::string::npos);
  }

  TEST_CASE("what is odd is a warning, of macros too, each once") {
    auto book =
        RuleBook::create({placed("http.res.status == 404 or type == \"tcp\" and "
                                 "tls.enabled",
                                 "mix")});
    REQUIRE(book.ok());
    REQUIRE((*book)->compile(placed("mix() and http.res.status == \"500\"", "text")).ok());
    const auto& warnings = (*book)->warnings();
    REQUIRE(warnings.size() == 2);
    CHECK(
        warnings[0].starts_with("QT148: qtap.yaml:7:9: warning: stacks.main.plugins[1].config."
                                "rules[2] \"mix\": column "));
    CHECK(warnings[1].find("\"text\": column ") != std::string::npos);
  }

  TEST_CASE("macros call each other in any order; an error names the one at fault") {
    CHECK(
        RuleBook::create({rule_text("b() or type == \"udp\"", "a"), rule_text("tls.enabled", "b")})
            .ok());
    CHECK(macro_error_of({rule_text("tls.enabled", "ok"), placed("ok( ", "broken")})
              .starts_with("QT145: qtap.yaml:7:9: error: stacks.main.plugins[1].config.rules[2] "
                           "\"broken\": column "));
    CHECK(macro_error_of({rule_text("b()", "a"), rule_text("a()", "b")})
              .find("it calls itself, directly or through other macros") != std::string::npos);
    CHECK(macro_error_of({rule_text("tls.enabled", "zone")}).find("a function has this name") !=
          std::string::npos);
    CHECK(macro_error_of({rule_text("tls.enabled", "a"), rule_text("tls.enabled", "a")})
              .find("it is defined twice") != std::string::npos);
    const std::vector<RuleText> many(1025, rule_text("tls.enabled", "a"));
    CHECK(macro_error_of(many).starts_with("QT146: rulekit.macros: too many"));
  }
}
