// SPDX-License-Identifier: Apache-2.0
#include "http/field_list.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace qtap;
using http::FieldList;

namespace {

std::string text_of(const FieldList& list) {
  std::string text;
  for (const http::Header field : list) {
    text.append(field.name).append("=").append(field.value).append(";");
  }
  return text;
}

}  // namespace

TEST_SUITE("http/field_list") {
  TEST_CASE("fields come out in order, also empty ones") {
    FieldList list = {{"Host", "a"}, {"", ""}, {"", "v"}, {"x", ""}};
    CHECK(list.size() == 4);
    CHECK(text_of(list) == "Host=a;=;=v;x=;");
    CHECK(list[2].value == "v");
    CHECK(list.back().name == "x");
    CHECK(text_of({}) == "");
    CHECK(FieldList().empty());
  }

  TEST_CASE("the last field grows in pieces, loses the end of its name, and goes") {
    FieldList list = {{"a", "1"}};
    list.push_back({"na", {}});
    list.extend_name("me  ");
    list.cut_name(4);
    list.extend_value("va");
    list.extend_value("lue");
    CHECK(text_of(list) == "a=1;name=value;");
    list.pop_back();
    CHECK(text_of(list) == "a=1;");
    list.push_back({"b", "2"});
    CHECK(text_of(list) == "a=1;b=2;");
    list.pop_back();
    list.pop_back();
    CHECK(list.empty());
    list.push_back({"c", "3"});
    CHECK(text_of(list) == "c=3;");
  }

  // Each step over what the buffer holds moves both of its ends.
  TEST_CASE("it grows by many fields, and by long ones") {
    FieldList list;
    std::string wanted;
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "n" + std::to_string(i);
      const std::string value(static_cast<size_t>(i) % 70, 'v');
      list.push_back({name, value});
      wanted += name + "=" + value + ";";
    }
    CHECK(text_of(list) == wanted);
    const std::string value(100'000, 'l');
    list.extend_value(value);
    CHECK(list.back().value == std::string(999 % 70, 'v') + value);
    CHECK(list[0].name == "n0");
    list.pop_back();
    CHECK(list.size() == 999);
    CHECK(list.back().name == "n998");
  }

  TEST_CASE("a copy is its own, and grows on; what is moved from is empty") {
    FieldList list = {{"a", "1"}, {"b", "2"}};
    FieldList copy = list;
    list.pop_back();
    copy.push_back({"c", "3"});
    CHECK(text_of(list) == "a=1;");
    CHECK(text_of(copy) == "a=1;b=2;c=3;");
    FieldList moved = std::move(copy);
    CHECK(text_of(moved) == "a=1;b=2;c=3;");
    CHECK(copy.empty());  // NOLINT(bugprone-use-after-move)
    list = moved;
    CHECK(text_of(list) == text_of(moved));
    list = {};
    CHECK(list.empty());
    copy = list;
    copy.push_back({"d", "4"});
    CHECK(text_of(copy) == "d=4;");
  }
}
