// SPDX-License-Identifier: Apache-2.0
#include "rulekit/literal.h"

#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "rulekit/lexer.h"
#include "rulekit/text.h"

using namespace qtap::rulekit;

namespace {

struct Decoded {
  Literal literal;
  std::string error;
  const Value& value() const { return literal.value; }
  std::string text() const {
    std::string out;
    append_text(literal.value, &out);
    return error.empty() ? out : "error";
  }
};

void decode(std::string_view text, Decoded* ret) {
  const qtap::Status status = decode_literal(Lexer(text).next(), &ret->literal);
  if (!status.ok()) ret->error = status.error().text;
}

std::string text_of(std::string_view token) {
  Decoded decoded;
  decode(token, &decoded);
  return decoded.text();
}

Type type_of(std::string_view token) {
  Decoded decoded;
  decode(token, &decoded);
  REQUIRE(decoded.error.empty());
  return decoded.value().type;
}

}  // namespace

TEST_SUITE("rulekit/literal") {
  TEST_CASE("integers are signed when they fit, else unsigned, else wrong") {
    CHECK(type_of("9223372036854775807") == Type::kInt);
    CHECK(text_of("-9223372036854775808") == "-9223372036854775808");
    CHECK(type_of("9223372036854775808") == Type::kUint);
    CHECK(text_of("18446744073709551615") == "18446744073709551615");
    CHECK(text_of("18446744073709551616") == "error");
    CHECK(text_of("+9223372036854775808") == "error");
  }

  TEST_CASE("a leading zero makes an integer octal") {
    CHECK(text_of("010") == "8");
    CHECK(text_of("-010") == "-8");
    CHECK(text_of("00") == "0");
    CHECK(text_of("08") == "error");
  }

  TEST_CASE("floats are decimal; too large is wrong, too small is zero") {
    CHECK(text_of("007.5") == "7.5");
    CHECK(text_of("+.5") == "0.5");
    CHECK(text_of(std::string(400, '9') + ".0") == "error");
    CHECK(text_of("0." + std::string(400, '0') + "1") == "0");
    CHECK(text_of("-0." + std::string(400, '0') + "1") == "-0");
  }

  TEST_CASE("strings decode escapes") {
    CHECK(text_of(R"("a\tb\x41\101é\U0001F600\\\"")") == "a\tbAA\xC3\xA9\xF0\x9F\x98\x80\\\"");
    CHECK(text_of(R"('it\'s "x"')") == "it's \"x\"");
    for (const char* wrong : {R"("\q")", R"("\'")", R"('\"')", R"("\0")", R"("\400")",
                              R"("\ud800")", R"("\U00110000")", "\"a\nb\""}) {
      CAPTURE(wrong);
      CHECK(text_of(wrong) == "error");
    }
  }

  TEST_CASE("invalid UTF-8 in a string becomes U+FFFD, an escaped byte stays") {
    CHECK(text_of("\"a\xFF\"") == "a\xEF\xBF\xBD");
    CHECK(text_of(R"("\xff")") == "\xFF");
  }

  TEST_CASE("a string that looks like an address is one") {
    CHECK(type_of("\"1.2.3.4\"") == Type::kIp);
    CHECK(text_of("\"2001:DB8::1\"") == "2001:db8::1");
    CHECK(type_of("\"10.1.2.3/08\"") == Type::kCidr);
    CHECK(text_of("\"10.1.2.3/8\"") == "10.0.0.0/8");
    CHECK(type_of("'AB:cd:EF:01:02:03'") == Type::kMac);
    CHECK(type_of("\"ab-cd-ef-01-02-03\"") == Type::kString);
    CHECK(type_of("\"01.2.3.4\"") == Type::kString);
  }

  TEST_CASE("hex keeps its bytes and its text") {
    Decoded decoded;
    decode("47:45:5A", &decoded);
    CHECK(decoded.value().hex->bytes == "GEZ");
    CHECK(decoded.value().hex->raw == "47:45:5A");
  }

  TEST_CASE("a CIDR with too long a prefix is wrong") {
    CHECK(text_of("1.2.3.4/33") == "error");
    CHECK(text_of("::1/129") == "error");
    CHECK(text_of("::ffff:1.2.3.0/120") == "1.2.3.0/24");
  }
}
