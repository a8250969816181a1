// SPDX-License-Identifier: Apache-2.0
#include "http/media_type.h"

#include <doctest/doctest.h>

using namespace qtap::http;

namespace {

// "type/subtype;name=value;..." and, if there is one, the fault with its offset.
std::string shown(std::string_view value) {
  const MediaType read = parse_media_type(value);
  std::string out = read.type + "/" + read.subtype;
  for (const auto& [name, text] : read.parameters) out += ";" + name + "=" + text;
  if (read.fault != MediaTypeFault::kNone) {
    out += std::string(" ") + media_type_fault_name(read.fault) + "@" +
           std::to_string(read.fault_offset);
  }
  return out;
}

}  // namespace

TEST_SUITE("http/media_type") {
  TEST_CASE("type, subtype and names have no case, values keep theirs") {
    CHECK(shown("text/html") == "text/html");
    CHECK(shown("Text/HTML;Charset=UTF-8") == "text/html;charset=UTF-8");
    CHECK(shown(" text/html ; a=b\t;\tc=d ") == "text/html;a=b;c=d");
    CHECK(shown("a!#$&-^_.+/b%'*`|~") == "a!#$&-^_.+/b%'*`|~");
    CHECK(shown("text/html;;  ; a=1;") == "text/html;a=1");
  }

  TEST_CASE("quoted strings lose their quotes and escapes") {
    CHECK(shown(R"(a/b;c="x; y=\"z\"")") == R"(a/b;c=x; y="z")");
    CHECK(shown(R"(a/b;c="";d="\\")") == R"(a/b;c=;d=\)");
    CHECK(shown("a/b;c=\"\t\xc3\xa4\" ;d=1") == "a/b;c=\t\xc3\xa4;d=1");
  }

  TEST_CASE("what breaks the grammar is told, the rest is read") {
    CHECK(shown("") == "/ no_type@0");
    CHECK(shown(";charset=x") == "/;charset=x no_type@0");
    CHECK(shown("/html") == "/ no_type@0");
    CHECK(shown("text") == "text/ no_subtype@4");
    CHECK(shown("text/;a=b") == "text/;a=b no_subtype@5");
    CHECK(shown("text /html") == "text/ no_subtype@4");
    CHECK(shown("text/html, text/html;a=b") == "text/html;a=b after_subtype@9");
    CHECK(shown("text/html/x") == "text/html after_subtype@9");
    CHECK(shown("a/b;=c;d=e") == "a/b;d=e parameter_name@4");
    CHECK(shown("a/b;charset;d=e") == "a/b;d=e no_equals@11");
    CHECK(shown("a/b;c =d") == "a/b;c=d blanks@6");
    CHECK(shown("a/b;c= d") == "a/b;c=d blanks@7");
    CHECK(shown("a/b;c=;d=e") == "a/b;c=;d=e value@6");
    CHECK(shown("a/b;c=x/y z ;d=e") == "a/b;c=x/y z;d=e value@7");
    CHECK(shown("a/b;c=\"d") == "a/b;c=d open_quote@8");
    CHECK(shown("a/b;c=\"d\\") == "a/b;c=d open_quote@9");
    CHECK(shown("a/b;c=\"d\"x;e=f") == "a/b;c=d;e=f after_value@9");
    CHECK(shown("a/b;c=\"x\x01y\";e=f") == "a/b;c=x\x01y;e=f value@8");
    CHECK(shown("a/b;c=d;C=e") == "a/b;c=d;c=e repeated@10");
    CHECK(shown("a/b;=;c") == "a/b parameter_name@4");  // the first fault
    CHECK(shown(std::string_view("a/b\0c", 5)) == "a/b after_subtype@3");
  }

  TEST_CASE("there is a limit to parameters") {
    std::string value = "a/b";
    for (size_t i = 0; i < kMaxParameters; ++i) value += ";p" + std::to_string(i) + "=1";
    CHECK(parse_media_type(value).fault == MediaTypeFault::kNone);
    const MediaType more = parse_media_type(value + ";q=1");
    CHECK(more.fault == MediaTypeFault::kTooMany);
    CHECK(more.parameters.size() == kMaxParameters);
  }

  TEST_CASE("the charset is the one that was told, and none otherwise") {
    CHECK(charset(parse_media_type("text/html; charset=UTF-8")) == "UTF-8");
    CHECK(charset(parse_media_type("text/html; CHARSET=\"iso-8859-1\"")) == "iso-8859-1");
    CHECK(charset(parse_media_type("a/b; charset=x; charset=y")) == "x");
    CHECK(charset(parse_media_type("text/html")) == "");
    CHECK(charset(parse_media_type("application/json")) == "");
    CHECK(charset(parse_media_type("text/html; charset")) == "");
    const MediaType read = parse_media_type("a/b; version=2");
    REQUIRE(parameter(read, "Version") != nullptr);
    CHECK(*parameter(read, "Version") == "2");
    CHECK(parameter(read, "versio") == nullptr);
  }

  TEST_CASE("the suffix tells the syntax below") {
    CHECK(suffix(parse_media_type("application/problem+JSON; a=b")) == "json");
    CHECK(suffix(parse_media_type("image/svg+xml")) == "xml");
    CHECK(suffix(parse_media_type("application/a+b+cbor")) == "cbor");
    CHECK(suffix(parse_media_type("application/json")) == "");
    CHECK(suffix(parse_media_type("application/json+")) == "");
  }

  TEST_CASE("a media type comes without parameters and in lower case") {
    CHECK(media_type("Text/HTML; charset=utf-8") == "text/html");
    CHECK(media_type("  application/json\t") == "application/json");
    CHECK(media_type("application/json ;v=1") == "application/json");
    CHECK(media_type("text/html, text/html") == "text/html");
    CHECK(media_type("text") == "text");
    CHECK(media_type("") == "");
    CHECK(media_type(" ; charset=utf-8") == "");
  }

  TEST_CASE("it is compared as it is told") {
    for (const char* value :
         {"text/event-stream", " Text/EVENT-Stream ;charset=utf-8", "text", "text/event-streams",
          "text/event-stream x", "text /event-stream", "", "/event-stream", "text/html"}) {
      CAPTURE(value);
      CHECK(is_media_type(value, "text", "event-stream") ==
            (media_type(value) == "text/event-stream"));
    }
  }
}
