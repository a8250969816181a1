// SPDX-License-Identifier: Apache-2.0
#include "rulekit/lexer.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace qtap::rulekit;

namespace {

const char* name_of(TokenKind kind) {
  static constexpr const char* kNames[] = {
      "end",  "(",      ")",  "[",    "]",   ",",        "not",      "and",   "or",   "eq",
      "ne",   "lt",     "le", "gt",   "ge",  "contains", "matches",  "in",    "int",  "float",
      "bool", "string", "ip", "cidr", "hex", "regex",    "function", "field", "error"};
  return kNames[static_cast<size_t>(kind)];
}

// "int:5 and:&& error"
std::string tokens(std::string_view text) {
  std::string out;
  Lexer lexer(text);
  for (;;) {
    const Token token = lexer.next();
    if (token.kind == TokenKind::kEnd) return out;
    if (!out.empty()) out += ' ';
    out += name_of(token.kind);
    if (token.kind == TokenKind::kError) return out;
    out += ':';
    out += token.text;
  }
}

}  // namespace

TEST_SUITE("rulekit/lexer") {
  TEST_CASE("keywords match in any case, but only as whole names") {
    CHECK(tokens("aNd OR Not IN") == "and:aNd or:OR not:Not in:IN");
    CHECK(tokens("order in.x true- not_x and.y") ==
          "function:order field:in.x field:true- function:not_x field:and.y");
  }

  TEST_CASE("names swallow dots and dashes") {
    CHECK(tokens("a. a..b a--b f-") == "field:a. field:a..b field:a--b field:f-");
    CHECK(tokens("a-1") == "field:a-1");
    CHECK(tokens("a -1") == "function:a int:-1");
  }

  TEST_CASE("two hex digits beat a name of the same length") {
    CHECK(tokens("db ff a1 abc db.x") == "hex:db hex:ff hex:a1 function:abc field:db.x");
    CHECK(tokens("12 12:34") == "int:12 hex:12:34");
    CHECK(tokens("504f5354") == "int:504 function:f5354");
    CHECK(tokens("1and") == "hex:1a function:nd");
  }

  TEST_CASE("eight pairs are an IPv6 address, other counts are hex") {
    CHECK(tokens("01:23:45:67:89:ab:cd:ef") == "ip:01:23:45:67:89:ab:cd:ef");
    CHECK(tokens("01:23:45:67:89:ab") == "hex:01:23:45:67:89:ab");
    CHECK(tokens("01:23:45:67:89:ab:cd:ef:01") == "hex:01:23:45:67:89:ab:cd:ef:01");
  }

  TEST_CASE("numbers take the longest match") {
    CHECK(tokens("1.2.3") == "float:1.2 float:.3");
    CHECK(tokens("1.2.3.256") == "ip:1.2.3.25 int:6");
    CHECK(tokens("1:2") == "int:1 error");
    CHECK(tokens("1e5") == "hex:1e int:5");
    CHECK(tokens("0x1F") == "int:0 function:x1F");
    CHECK(tokens("5.") == "int:5 error");
    CHECK(tokens("1--2") == "int:1");
  }

  TEST_CASE("a CIDR prefix has up to three digits") {
    CHECK(tokens("10.0.0.0/8") == "cidr:10.0.0.0/8");
    CHECK(tokens("::1/128") == "cidr:::1/128");
  }

  TEST_CASE("a block comment ends at the first end mark") {
    CHECK(tokens("a /* x */ b /* y */ c") == "function:a function:b function:c");
    CHECK(tokens("x /* c */ == 1 and p matches /a*/") ==
          "function:x eq:== int:1 and:and function:p matches:matches regex:/a*/");
    CHECK(tokens("/*a/") == "regex:/*a/");
    CHECK(tokens("a -- b\nc") == "function:a function:c");
  }

  TEST_CASE("a string ends at the first quote that is not escaped") {
    CHECK(tokens(R"("abc\\" and g == "b")") ==
          R"(string:"abc\\" and:and function:g eq:== string:"b")");
    CHECK(tokens(R"("x\")") == "error");
    CHECK(tokens(R"('a"b' "a'b")") == R"(string:'a"b' string:"a'b")");
  }

  TEST_CASE("two bars are or, one bar starts a regex") {
    CHECK(tokens("a || b") == "function:a or:|| function:b");
    CHECK(tokens("a | b | c") == "function:a regex:| b | function:c");
    CHECK(tokens(R"(/a\/b/ // /[/]/)") == R"(regex:/a\/b/ regex:// regex:/[/ ]:] error)");
  }

  TEST_CASE("bytes that start no token are errors") {
    for (const char* text : {"=", "&", "~", "%", "{", ";", "#", "`", "\\", "\x80", "\v", "|"}) {
      CAPTURE(text);
      CHECK(tokens(text) == "error");
    }
    CHECK(tokens(std::string_view("\0", 1)) == "error");
  }
}
