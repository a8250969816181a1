// SPDX-License-Identifier: Apache-2.0
#include "model/config_yaml.h"

#include <doctest/doctest.h>

using namespace qtap;

namespace {

std::string place(const Position& p) {
  return std::to_string(p.line) + ":" + std::to_string(p.column);
}

// "LINE:COLUMN TEXT" of the first mistake, "" when there is none.
std::string mistake_in(std::string_view yaml) {
  YamlNode root;
  std::vector<Mistake> mistakes;
  const bool is_read = read_yaml(yaml, root, mistakes);
  CHECK((is_read || !mistakes.empty()));
  if (mistakes.empty()) return {};
  return place(mistakes[0].position) + " " + mistakes[0].error.text;
}

YamlNode tree_of(std::string_view yaml) {
  YamlNode root;
  std::vector<Mistake> mistakes;
  REQUIRE(read_yaml(yaml, root, mistakes));
  REQUIRE(mistakes.empty());
  return root;
}

std::string text_at(const YamlNode& map, std::string_view key) {
  const YamlNode* node = find_member(map, key);
  return node ? node->text : "(missing)";
}

}  // namespace

TEST_SUITE("model/config_yaml") {
  TEST_CASE("all kinds of scalars are texts") {
    const YamlNode root = tree_of(
        "plain: http.req.host == \"x\" && a # comment\n"
        "single: 'it''s {{BUCKET}}'\n"
        "double: \"a\\tb\"\n"
        "block: |\n  one\n  two\n"
        "folded: >\n  one\n  two\n"
        "url: https://s3.example/{{BUCKET}}/{{DIGEST}}\n"
        "regex: exe matches /sshd$/\n"
        "number: 7\n");
    CHECK(text_at(root, "plain") == "http.req.host == \"x\" && a");
    CHECK(text_at(root, "single") == "it's {{BUCKET}}");
    CHECK(text_at(root, "double") == "a\tb");
    CHECK(text_at(root, "block") == "one\ntwo\n");
    CHECK(text_at(root, "folded") == "one two\n");
    CHECK(text_at(root, "url") == "https://s3.example/{{BUCKET}}/{{DIGEST}}");
    CHECK(text_at(root, "regex") == "exe matches /sshd$/");
    CHECK(text_at(root, "number") == "7");
  }

  TEST_CASE("null is null unless it is quoted") {
    const YamlNode root = tree_of("a: null\nb: ~\nc:\nd: 'null'\ne: ''\n");
    for (const char* key : {"a", "b", "c"})
      CHECK(find_member(root, key)->kind == YamlNode::Kind::kNull);
    for (const char* key : {"d", "e"}) CHECK(find_member(root, key)->kind == YamlNode::Kind::kText);
  }

  TEST_CASE("list dashes may stand at or below the parent's indent") {
    for (const char* yaml :
         {"a:\n- x\n- y\n", "a:\n  - x\n  - y\n", "a: [x, y]\n", "a: [x, y,]\n"}) {
      const YamlNode root = tree_of(yaml);
      REQUIRE(find_member(root, "a")->items.size() == 2);
      CHECK(find_member(root, "a")->items[1].text == "y");
    }
  }

  TEST_CASE("positions count from one, also behind wide characters") {
    const YamlNode root = tree_of("a:\n  b: {c: x}\nü: y\n");
    CHECK(place(root.members[0].position) == "1:1");
    CHECK(place(root.members[0].value.members[0].position) == "2:3");
    CHECK(place(root.members[0].value.members[0].value.position) == "2:6");
    CHECK(place(root.members[1].value.position) == "3:4");
  }

  TEST_CASE("lines may end in CR LF") {
    CHECK(text_at(tree_of("a: x\r\nb: y\r\n"), "a") == "x");
  }

  TEST_CASE("what the product does not accept is refused with its place") {
    CHECK(mistake_in("a: 1\nb: 2\na: 3\n") == "3:1 duplicate key \"a\"");
    CHECK(mistake_in("a: &x 1\n").starts_with("1:"));
    CHECK(mistake_in("a: &x 1\n").find("anchors are not supported") != std::string::npos);
    CHECK(mistake_in("a: {b: *x}\n").find("alias") != std::string::npos);
    CHECK(mistake_in("a: !custom 1\n").find("tags are not supported") != std::string::npos);
    CHECK(mistake_in("a: !!str 1\n").find("tags are not supported") != std::string::npos);
    CHECK(mistake_in("a: 1\n---\nb: 2\n") ==
          "2:1 more than one YAML document; one file holds one configuration");
    CHECK(mistake_in("- a\n- b\n") == "1:1 expected a map of sections at the top");
    CHECK(mistake_in("just text\n") == "1:1 expected a map of sections at the top");
    CHECK(mistake_in("? [a]\n: b\n") == "1:3 a key must be text");
    CHECK(mistake_in(std::string_view("a: b\0c", 6)) == "1:5 this byte is no UTF-8 text");
  }

  TEST_CASE("tabs do not indent") {
    CHECK(mistake_in("a:\n\tb: 1\n").starts_with("2:"));
    CHECK(mistake_in("a:\n  b: 1\n\tc: 2\n").starts_with("3:"));
  }

  TEST_CASE("broken YAML is one line with a place") {
    for (const std::string yaml : {"a: [1, 2\n", "a: {b: c\nd: e\n", "a: \"open\n", "a: b: c\n",
                                   "a:\n  b: 1\n c: 2\n", "%\n", "a: '\xff\xfe'\n", "\xff"}) {
      CAPTURE(yaml);
      const std::string text = mistake_in(yaml);
      CHECK_FALSE(text.empty());
      CHECK(text.find('\n') == std::string::npos);
    }
  }

  TEST_CASE("depth and size are limited") {
    const auto nested = [](size_t depth) {  // the map at the top is one level
      return "a: " + std::string(depth - 1, '[') + std::string(depth - 1, ']');
    };
    CHECK(mistake_in(nested(32)).empty());
    CHECK(mistake_in(nested(33)) == "1:35 nested deeper than 32 levels");
    CHECK_FALSE(mistake_in(nested(100'000)).empty());
    CHECK(mistake_in("a: " + std::string((1 << 20) - 3, 'x')).empty());
    CHECK(mistake_in("a: " + std::string((1 << 20) - 2, 'x')) ==
          "1:1 the configuration is larger than 1 MiB");
  }
}
