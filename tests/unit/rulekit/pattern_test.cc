// SPDX-License-Identifier: Apache-2.0
// The regex dialect of the language is that of Go's regexp: what compiles, and what is found. Every
// row is the answer of Go 1.22.12's regexp package.
#include "rulekit/pattern.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace qtap::rulekit;

namespace {

enum Answer { kError, kNot, kFound };

struct Row {
  std::string_view pattern;
  std::string_view subject;
  Answer answer;
};

constexpr Row kRows[] = {
    {"a", "xax", kFound},
    {"a", "xAx", kNot},
    {"a", "", kNot},
    {"^a.c$", "abc", kFound},
    {"^a.c$",
     "a\x0A"
     "c",
     kNot},
    {"^a.c$", "abcd", kNot},
    {"^a.c$", "xabc", kNot},
    {"^a.c$",
     "a\xC3\xA9"
     "c",
     kFound},
    {"(?i)k", "K", kFound},
    {"(?i)k", "\xE2\x84\xAA", kFound},
    {"(?i)s", "\xC5\xBF", kFound},
    {"(?i)\xC3\xA9", "\xC3\x89", kFound},
    {"(?s)a.c",
     "a\x0A"
     "c",
     kFound},
    {"a$", "a\x0A", kNot},
    {"a$", "ba", kFound},
    {"(?m)^b$",
     "a\x0A"
     "b\x0A"
     "c",
     kFound},
    {"^b$",
     "a\x0A"
     "b\x0A"
     "c",
     kNot},
    {"b\\z", "b\x0A", kNot},
    {"b\\z", "ab", kFound},
    {"b\\Z", "b", kError},
    {"(?U)a+b", "aab", kFound},
    {"(?P<n>b)", "b", kFound},
    {"(?<n>b)", "b", kFound},
    {"(?<n>b)(?P<n>c)", "bc", kFound},
    {"(?P=n)", "", kError},
    {"(a)\\1", "aa", kError},
    {"(?=a)", "a", kError},
    {"(?!a)", "", kError},
    {"(?<=a)b", "ab", kError},
    {"(?>a)", "a", kError},
    {"(?#c)a", "a", kError},
    {"(?)a", "a", kFound},
    {"(?-i)a", "a", kFound},
    {"(?i-)a", "a", kError},
    {"(?i:A)b", "ab", kFound},
    {"(?i:A)b", "aB", kNot},
    {"(?x)a", "a", kError},
    {"\\pL", "\xE4\xB8\xAD", kFound},
    {"\\pL", "1", kNot},
    {"\\PL", "1", kFound},
    {"\\p{Greek}", "\xCE\xB1", kFound},
    {"\\p{Greek}", "a", kNot},
    {"\\p{^Greek}", "a", kFound},
    {"\\p{Lu}", "A", kFound},
    {"\\p{Lu}", "a", kNot},
    {"\\p{Foo}", "a", kError},
    {"\\p{Any}", "\x0A", kFound},
    {"\\d", "\xD9\xA3", kNot},
    {"\\d", "3", kFound},
    {"\\w", "\xC3\xA9", kNot},
    {"\\w", "_", kFound},
    {"\\s", "\x0B", kNot},
    {"\\s", "\x0C", kFound},
    {"\\s", "\xC2\xA0", kNot},
    {"[[:space:]]", "\x0B", kFound},
    {"[[:alpha:]]", "\xC3\xA9", kNot},
    {"[[:alpha:]]", "e", kFound},
    {"[[:word:]]", "_", kFound},
    {"[[:foo:]]", "f", kError},
    {"[:alpha:]", "l", kFound},
    {"[[:^alpha:]]", "1", kFound},
    {"\\bA", "xA", kNot},
    {"\\bA", "x A", kFound},
    {"\\Qa.c\\E", "abc", kNot},
    {"\\Qa.c\\E", "a.c", kFound},
    {"\\Qa.c", "a.c", kFound},
    {"a\\E", "a", kError},
    {"[\\Qa]\\E]", "Q", kError},
    {"[\\b]", "\x08", kError},
    {"[a\\-z]", "b", kNot},
    {"[a\\-z]", "-", kFound},
    {"[]a]", "]", kFound},
    {"[^]a]", "b", kFound},
    {"[]", "]", kError},
    {"[z-a]", "b", kError},
    {"[a-\\d]", "-", kError},
    {"[\\d-z]", "-", kFound},
    {"[\\W_]", "_", kFound},
    {"[\\W_]", "a", kNot},
    {"\\x41", "A", kFound},
    {"\\x{e9}", "\xC3\xA9", kFound},
    {"\\xff", "\xC3\xBF", kFound},
    {"\\x{110000}", "", kError},
    {"\\x4", "", kError},
    {"\\012", "\x0A", kFound},
    {"\\0", std::string_view("\x00", 1), kFound},
    {"\\8", "8", kError},
    {"\\123", "S", kFound},
    {"\\a\\f\\t\\n\\r\\v", "\x07\x0C\x09\x0A\x0D\x0B", kFound},
    {"\\e", "\x1B", kError},
    {"\\_", "_", kFound},
    {"\\\xC3\xA9", "\xC3\xA9", kError},
    {"\\C", "a", kError},
    {"\\A\\z", "", kFound},
    {"\\G", "", kError},
    {"\\R", "\x0A", kError},
    {"\\h", " ", kError},
    {"a**", "a", kError},
    {"a+?", "a", kFound},
    {"a{2}{3}", "a", kError},
    {"*a", "a", kError},
    {"a|*", "a", kError},
    {"(", "(", kError},
    {")", ")", kError},
    {"a)", "a", kError},
    {"a{,2}", "a{,2}", kFound},
    {"a{,2}", "a", kNot},
    {"a{2,1}", "a", kError},
    {"x{1000}", "x", kNot},
    {"x{1001}", "x", kError},
    {"(x{100}){10}", "x", kNot},
    {"(x{100}){11}", "x", kError},
    {"x{0}", "", kFound},
    {"x{01}", "x", kNot},
    {"{2}", "{2}", kError},
    {"a{", "a{", kFound},
    {"a}", "a}", kFound},
    {"a|", "", kFound},
    {"||", "", kFound},
    {"^*", "a", kFound},
    {"$+", "a", kFound},
    {"(?:)", "", kFound},
    {"()", "", kFound},
    {"[a&&b]", "&", kFound},
    {"^.$", "\xFF", kFound},
    {"^.$", "\xE4\xB8", kNot},
    {"^.$", "\xED\xA0\x80", kNot},
    {"^.$", "\xF4\x90\x80\x80", kNot},
    {"^.$", "\xC0\x80", kNot},
    {"^.$", "\xE4\xB8\xAD", kFound},
    {"^..$", "\xFF", kNot},
    {"^..$", "\xE4\xB8", kFound},
    {"^..$", "\xED\xA0\x80", kNot},
    {"^..$", "\xF4\x90\x80\x80", kNot},
    {"^..$", "\xC0\x80", kFound},
    {"^..$", "\xE4\xB8\xAD", kNot},
    {"^...$", "\xFF", kNot},
    {"^...$", "\xE4\xB8", kNot},
    {"^...$", "\xED\xA0\x80", kFound},
    {"^...$", "\xF4\x90\x80\x80", kNot},
    {"^...$", "\xC0\x80", kNot},
    {"^...$", "\xE4\xB8\xAD", kNot},
    {"^\xEF\xBF\xBD$", "\xFF", kFound},
    {"^\xEF\xBF\xBD$", "\xE4\xB8", kNot},
    {"^\xEF\xBF\xBD$", "\xED\xA0\x80", kNot},
    {"^\xEF\xBF\xBD$", "\xF4\x90\x80\x80", kNot},
    {"^\xEF\xBF\xBD$", "\xC0\x80", kNot},
    {"^\xEF\xBF\xBD$", "\xE4\xB8\xAD", kNot},
    {"[^a]", "\xFF", kFound},
    {"[^a]", "\xE4\xB8", kFound},
    {"[^a]", "\xED\xA0\x80", kFound},
    {"[^a]", "\xF4\x90\x80\x80", kFound},
    {"[^a]", "\xC0\x80", kFound},
    {"[^a]", "\xE4\xB8\xAD", kFound},
    {"^\\x{fffd}+$", "\xFF", kFound},
    {"^\\x{fffd}+$", "\xE4\xB8", kFound},
    {"^\\x{fffd}+$", "\xED\xA0\x80", kFound},
    {"^\\x{fffd}+$", "\xF4\x90\x80\x80", kFound},
    {"^\\x{fffd}+$", "\xC0\x80", kFound},
    {"^\\x{fffd}+$", "\xE4\xB8\xAD", kNot},
    {"\\w", "\xFF", kNot},
    {"\\w", "\xE4\xB8", kNot},
    {"\\w", "\xED\xA0\x80", kNot},
    {"\\w", "\xF4\x90\x80\x80", kNot},
    {"\\w", "\xC0\x80", kNot},
    {"\\w", "\xE4\xB8\xAD", kNot},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xFF", kFound},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xE4\xB8", kFound},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xED\xA0\x80", kFound},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xF4\x90\x80\x80", kFound},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xC0\x80", kFound},
    {"^[\\x{80}-\\x{10ffff}]+$", "\xE4\xB8\xAD", kFound},
};

Answer answer_to(std::string_view pattern, std::string_view subject) {
  const auto compiled = Pattern::create(pattern);
  if (!compiled.ok()) return kError;
  return (*compiled)->found_in(subject) ? kFound : kNot;
}

}  // namespace

TEST_SUITE("rulekit/pattern") {
  TEST_CASE("patterns compile and find what they do in Go") {
    for (const Row& row : kRows) {
      const std::string pattern(row.pattern);
      const std::string subject(row.subject);
      CAPTURE(pattern);
      CAPTURE(subject);
      CHECK(answer_to(row.pattern, row.subject) == row.answer);
    }
  }

  TEST_CASE("a pattern that is not UTF-8 does not compile") {
    for (const std::string pattern : {"\xFF", "a\xE4\xB8", "[\xC0\x80]"}) {
      CAPTURE(pattern);
      CHECK(answer_to(pattern, "a") == kError);
    }
  }
}
