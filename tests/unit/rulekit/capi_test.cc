// SPDX-License-Identifier: Apache-2.0
#include <qtap/rulekit.h>

#include <cstring>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace {

struct Compiled {
  qtap_rule* rule = nullptr;
  qtap_rule_error error{};
  int status = 0;

  explicit Compiled(std::string_view text) {
    error.size = sizeof error;
    status = qtap_rule_compile(text.data(), text.size(), &rule, &error);
  }
  ~Compiled() { qtap_rule_free(rule); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
};

// One field, "f", with the value that `user` points at.
int only_f(void* user, qtap_str name, qtap_value* ret) {
  if (std::string_view(name.data, name.len) != "f") return QTAP_ERR_NOTFOUND;
  *ret = *static_cast<const qtap_value*>(user);
  return 0;
}

// The status, and the match in ones: 0, 1 or a negative status; 100 for undecided.
int evaluate(std::string_view text, qtap_value value) {
  const Compiled compiled(text);
  REQUIRE(compiled.status == QTAP_OK);
  int match = -77;
  const int status = qtap_rule_eval(compiled.rule, only_f, &value, &match);
  if (status < 0) {
    CHECK(match == -77);
    return status;
  }
  if (status == QTAP_WARN_PARTIAL) {
    CHECK(match == 0);
    return 100;
  }
  return match;
}

qtap_value text_value(std::string_view text) {
  qtap_value value{};
  value.type = QTAP_VALUE_STRING;
  value.s = {text.data(), text.size()};
  return value;
}

qtap_value typed(int type) {
  qtap_value value{};
  value.type = type;
  return value;
}

}  // namespace

TEST_SUITE("rulekit/capi") {
  TEST_CASE("a rule compiles, matches, and is freed") {
    CHECK(evaluate("f == \"x\"", text_value("x")) == 1);
    CHECK(evaluate("f == \"x\"", text_value("y")) == 0);
    CHECK(evaluate("g == 1", text_value("x")) == 100);
    qtap_rule_free(nullptr);
  }

  TEST_CASE("values of every public type arrive") {
    qtap_value value = typed(QTAP_VALUE_BOOL);
    value.i = 1;
    CHECK(evaluate("f == true", value) == 1);
    value = typed(QTAP_VALUE_INT64);
    value.i = -5;
    CHECK(evaluate("f == -5", value) == 1);
    value = typed(QTAP_VALUE_UINT64);
    value.u = UINT64_MAX;
    CHECK(evaluate("f == 18446744073709551615", value) == 1);
    value = typed(QTAP_VALUE_DOUBLE);
    value.d = 1.3;
    CHECK(evaluate("f == 1.3", value) == 1);
    CHECK(evaluate("f", typed(QTAP_VALUE_NULL)) == 0);
    value = typed(QTAP_VALUE_IP);
    value.family = 4;
    const uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
    std::memcpy(value.ip, mapped, sizeof mapped);
    CHECK(evaluate("f in 10.0.0.0/8 and f == 10.1.2.3", value) == 1);
    value.type = QTAP_VALUE_CIDR;
    value.bits = 16;
    CHECK(evaluate("10.1.9.9 in f", value) == 1);
    value.bits = 33;
    CHECK(evaluate("10.1.9.9 in f", value) == QTAP_ERR_INVALID);
    value = text_value("\xab\xcd\xef\x01\x02\x03");
    value.type = QTAP_VALUE_MAC;
    CHECK(evaluate("f == \"AB:CD:EF:01:02:03\"", value) == 1);
    value.type = QTAP_VALUE_BYTES;
    CHECK(evaluate("f == \"x\"", value) == 0);
    CHECK(evaluate("f", typed(9999)) == 1);
  }

  TEST_CASE("lists arrive, within limits") {
    const qtap_value items[] = {text_value("a"), text_value("b")};
    qtap_value list = typed(QTAP_VALUE_STRING_LIST);
    list.items = items;
    list.count = 2;
    CHECK(evaluate("f contains \"b\" and f != \"b\"", list) == 1);
    list.type = QTAP_VALUE_LIST;
    CHECK(evaluate("f contains \"b\" and f != \"b\"", list) == 0);
    list.items = nullptr;
    CHECK(evaluate("f contains \"b\"", list) == QTAP_ERR_INVALID);
    list.count = 5000;
    CHECK(evaluate("f contains \"b\"", list) == QTAP_ERR_LIMIT);

    qtap_value circle = typed(QTAP_VALUE_LIST);
    circle.items = &circle;
    circle.count = 1;
    const Compiled rule("f == 1");
    int match = 0;
    auto lookup = [](void* user, qtap_str, qtap_value* ret) {
      *ret = *static_cast<const qtap_value*>(user);
      return 0;
    };
    CHECK(qtap_rule_eval(rule.rule, lookup, &circle, &match) == QTAP_ERR_LIMIT);
  }

  TEST_CASE("a compile error has line, column and one line of text") {
    const Compiled compiled("http.req.host == ");
    CHECK(compiled.status == QTAP_ERR_INVALID);
    CHECK(compiled.rule == nullptr);
    CHECK(compiled.error.line == 1);
    CHECK(compiled.error.column == 18);
    CHECK(std::string(compiled.error.text) ==
          "QT140: line 1, column 18: expected a value after \"==\"");
    qtap_rule* rule = nullptr;
    CHECK(qtap_rule_compile("==", 2, &rule, nullptr) == QTAP_ERR_INVALID);
  }

  TEST_CASE("wrong arguments are refused") {
    qtap_rule* rule = nullptr;
    qtap_rule_error error{};
    CHECK(qtap_rule_compile("a", 1, &rule, &error) == QTAP_ERR_INVALID);
    error.size = 4;
    CHECK(qtap_rule_compile("a", 1, &rule, &error) == QTAP_ERR_UNSUPPORTED);
    error.size = sizeof error;
    CHECK(qtap_rule_compile(nullptr, 1, &rule, &error) == QTAP_ERR_INVALID);
    CHECK(qtap_rule_compile("a", 1, nullptr, &error) == QTAP_ERR_INVALID);
    CHECK(qtap_rule_compile(nullptr, 0, &rule, &error) == QTAP_ERR_INVALID);
    CHECK(rule == nullptr);
    int match = 0;
    CHECK(qtap_rule_eval(nullptr, only_f, nullptr, &match) == QTAP_ERR_INVALID);
    const Compiled compiled("a");
    CHECK(qtap_rule_eval(compiled.rule, nullptr, nullptr, &match) == QTAP_ERR_INVALID);
    CHECK(qtap_rule_eval(compiled.rule, only_f, nullptr, nullptr) == QTAP_ERR_INVALID);
  }

  TEST_CASE("the status of a failing lookup is handed on") {
    const Compiled compiled("x == 1");
    auto lookup = [](void*, qtap_str, qtap_value*) { return static_cast<int>(QTAP_ERR_IO); };
    int match = 0;
    CHECK(qtap_rule_eval(compiled.rule, lookup, nullptr, &match) == QTAP_ERR_IO);
  }
}
