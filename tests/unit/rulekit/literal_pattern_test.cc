// SPDX-License-Identifier: Apache-2.0
#include "rulekit/literal_pattern.h"

#include <random>
#include <string>

#include <doctest/doctest.h>

#include "rulekit/pattern.h"

using namespace qtap::rulekit;

namespace {

// "begin|text|end" joined by blanks, or "-".
std::string choices_of(std::string_view regex) {
  const auto choices = literal_choices(regex);
  if (!choices) return "-";
  std::string out;
  for (const LiteralChoice& choice : *choices) {
    if (!out.empty()) out += ' ';
    out += (choice.at_begin ? "^" : "") + choice.text + (choice.at_end ? "$" : "");
  }
  return out;
}

}  // namespace

TEST_SUITE("rulekit/literal_pattern") {
  TEST_CASE("literals, alternatives and anchors are seen") {
    CHECK(choices_of("curl") == "curl");
    CHECK(choices_of("^/api/v1") == "^/api/v1");
    CHECK(choices_of("\\.example\\.com$") == ".example.com$");
    CHECK(choices_of("^(api|www)\\.example$") == "^api.example$ ^www.example$");
    CHECK(choices_of("^a|b$|c") == "^a b$ c");
    CHECK(choices_of("(?:a|b)(c|d(e|))") == "ac ade ad bc bde bd");
    CHECK(choices_of(".*x.*") == "x");
    CHECK(choices_of("^x.*?") == "^x");
    CHECK(choices_of("") == "");
    CHECK(choices_of("^$") == "^$");
  }

  TEST_CASE("anything else is left to RE2") {
    for (const char* regex :
         {"a*",   "a+",      "ab?",          "a{2}", "a.b",  "[ab]",
          "\\d",  "\\Qa\\E", "(?i)a",        "^.*x", "x.*$", "(^a)",
          "(a$)", "a^",      "a$b",          "\\bx", "(a)*", "(?P<n>a)",
          ".*",   ".+x",     "\xef\xbf\xbd", "a]",   "a}",   "(a|b)(a|b)(a|b)(a|b)(a|b)"}) {
      CAPTURE(regex);
      // ".*" alone is the empty literal: found everywhere.
      CHECK(choices_of(regex) == (std::string_view(regex) == ".*" ? "" : "-"));
    }
  }

  TEST_CASE("the answers are those of RE2, whatever the regex and the subject") {
    static constexpr const char* kParts[] = {"a",   "b",  "^",  "$",   "|",  "(",  ")",
                                             "\\.", ".*", "é",  "(?:", "ab", "a*", "b?",
                                             ".",   "\n", "/x", "\\^", "(|", "?",  "\\A"};
    static constexpr const char* kBytes[] = {"a", "b", ".", "é",    "\n",   "/x",
                                             "^", "$", "|", "\xc3", "\xa9", "\xef\xbf\xbd"};
    std::mt19937 random(4711);
    int literal = 0;
    for (int round = 0; round < 40000; ++round) {
      std::string regex;
      for (size_t n = random() % 7; n > 0; --n) regex += kParts[random() % std::size(kParts)];
      const auto pattern = Pattern::create(regex);
      if (!pattern.ok() || (*pattern)->literals() == nullptr) continue;
      ++literal;
      for (int n = 0; n < 12; ++n) {
        std::string subject;
        for (size_t len = random() % 6; len > 0; --len) {
          subject += kBytes[random() % std::size(kBytes)];
        }
        CAPTURE(regex);
        CAPTURE(subject);
        CHECK((*pattern)->found_in(subject) == (*pattern)->found_by_re2(subject));
      }
    }
    CHECK(literal > 1000);
  }

  // Takes minutes when the text is compared at every place where its first byte fits.
  TEST_CASE("a long text is found in time that grows with its length only") {
    const std::string subject(size_t{8} << 20, 'a');
    const std::string text = std::string(3000, 'a') + 'b' + std::string(1000, 'a');
    const auto choices = literal_choices(text);
    REQUIRE(choices);
    for (int n = 0; n < 20; ++n) CHECK(!found_in(*choices, subject));
    CHECK(found_in(*choices, subject + 'b' + subject));
    CHECK(found_in(*choices, text));
    CHECK(!found_in(*choices, text.substr(1)));
  }
}
