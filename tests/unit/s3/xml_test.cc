// SPDX-License-Identifier: Apache-2.0
// tests/unit/s3/replies_test.cc has what is refused.
#include "s3/xml.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using qtap::s3::read_xml;
using qtap::s3::read_xml_answer;

TEST_SUITE("s3/xml") {
  TEST_CASE("each element is told where it ends, with its own text and its depth") {
    std::string told;
    const auto keep = [&](std::string_view name, std::string_view text, int depth) {
      told.append(name).append("=").append(text).append("@").append(std::to_string(depth) + " ");
    };
    REQUIRE(read_xml("<a>x<b>1 &amp; 2</b>y<b/></a>", keep).ok());
    CHECK(told == "b=1 & 2@2 b=@2 a=@1 ");
  }

  TEST_CASE("what ended before a mistake has been told, and the mistake has a place") {
    int told = 0;
    const auto status = read_xml("<a><b>1</b><b>2</c></a>",
                                 [&](std::string_view, std::string_view, int) { ++told; });
    REQUIRE_FALSE(status.ok());
    CHECK(told == 1);
    CHECK(status.error().text == "XML: byte 17: is not what such a service sends");
  }

  TEST_CASE("an answer is its root, and an error's code and message in short printable text") {
    const auto error = read_xml_answer(
        "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Error><Code>x\ty</Code>"
        "<Message>No.\nWhy?</Message><Code>z</Code></Error>");
    CHECK(error.root == "Error");
    CHECK(error.code == "x y");
    CHECK(error.message == "No. Why?");
    CHECK(read_xml_answer("<E><Code>" + std::string(5000, 'x') + "</Code></E>").code.size() == 200);
    CHECK(read_xml_answer("<Error><Code>a</Code>").code == "a");
    CHECK(read_xml_answer("<Error><Code>a</Code>").root.empty());
    CHECK(read_xml_answer("no xml").code.empty());
  }
}
