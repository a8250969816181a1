// SPDX-License-Identifier: Apache-2.0
// qtap/rulekit.h beyond compile and eval: reasons, what is left, macros and functions of a host.
#include <qtap/rulekit.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace {

using Fields = std::map<std::string, qtap_value, std::less<>>;

std::string_view view(qtap_str s) {
  return {s.data == nullptr ? "" : s.data, s.len};
}

qtap_value text_value(std::string_view text) {
  qtap_value value{};
  value.type = QTAP_VALUE_STRING;
  value.s = {text.data(), text.size()};
  return value;
}

qtap_value int_value(int64_t i) {
  qtap_value value{};
  value.type = QTAP_VALUE_INT64;
  value.i = i;
  return value;
}

int look_up(void* user, qtap_str name, qtap_value* ret) {
  const auto& fields = *static_cast<const Fields*>(user);
  const auto it = fields.find(view(name));
  if (it == fields.end()) return QTAP_ERR_NOTFOUND;
  if (it->second.type == -1) return QTAP_ERR_IO;
  *ret = it->second;
  return 0;
}

// A rule, its library and what it comes to, in texts.
class Explained {
 public:
  explicit Explained(std::string_view text, Fields fields = {},
                     const qtap_rule_library* library = nullptr) {
    qtap_rule* rule = nullptr;
    qtap_rule_error error{};
    error.size = sizeof error;
    status = qtap_rule_compile_with(library, text.data(), text.size(), &rule, &error);
    message = error.text;
    if (status < 0) return;
    REQUIRE(qtap_rule_explain(rule, look_up, &fields, &result) == QTAP_OK);
    qtap_rule_free(rule);  // a result needs neither rule nor fields
  }
  ~Explained() { qtap_rule_result_free(result); }
  Explained(const Explained&) = delete;
  Explained& operator=(const Explained&) = delete;

  int outcome() const { return qtap_rule_result_outcome(result); }
  std::string rest() const { return std::string(view(qtap_rule_result_rest(result))); }
  qtap_value value() const {
    qtap_value value{};
    CHECK(qtap_rule_result_value(result, &value) == QTAP_OK);
    return value;
  }
  std::string missing() const {
    std::string out;
    qtap_str name{};
    for (size_t at = 0; qtap_rule_result_missing_at(result, at, &name) == QTAP_OK; ++at) {
      out += std::string(view(name)) + " ";
    }
    return out;
  }
  // "kind line:column macro/subject: text", one per line.
  std::string issues() const {
    std::string out;
    qtap_rule_issue issue{};
    issue.size = sizeof issue;
    for (size_t at = 0; qtap_rule_result_issue_at(result, at, &issue) == QTAP_OK; ++at) {
      out += std::to_string(issue.kind) + " " + std::to_string(issue.line) + ":" +
             std::to_string(issue.column) + " " + std::string(view(issue.macro)) + "/" +
             std::string(view(issue.subject)) + ": " + std::string(view(issue.text)) + "\n";
    }
    return out;
  }

  int status = 0;
  std::string message;
  qtap_rule_result* result = nullptr;
};

int shout(void* user, qtap_rule_call* call, const qtap_value* args, qtap_value* ret) {
  ++*static_cast<int*>(user);
  const std::string_view text = view(args[0].s);
  if (text == "quiet") return qtap_rule_call_fail(call, QTAP_ERR_IO, "shout: not that word");
  const std::string loud = std::string(text) + "!";
  *ret = text_value({qtap_rule_call_copy(call, loud.data(), loud.size()), loud.size()});
  return 0;
}

class Library {
 public:
  explicit Library(qtap_rule_names names) {
    names.size = sizeof names;
    qtap_rule_error error{};
    error.size = sizeof error;
    status = qtap_rule_library_new(&names, &library, &error);
    message = error.text;
  }
  ~Library() { qtap_rule_library_free(library); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  int status = 0;
  std::string message;
  qtap_rule_library* library = nullptr;
};

qtap_str str(const char* text) {
  return {text, std::strlen(text)};
}

}  // namespace

TEST_SUITE("rulekit/explain") {
  TEST_CASE("a rule in steps: what is left compiles and goes on") {
    const Explained first("user == \"root\" or (p == \"mysql\" and port == 3306)",
                          {{"p", text_value("mysql")}});
    CHECK(first.outcome() == QTAP_RULE_UNKNOWN);
    CHECK(first.missing() == "port user ");
    CHECK(first.rest() == "user == \"root\" or port == 3306");
    CHECK(first.issues() == "0 1:1 /user: a field is missing\n0 1:37 /port: a field is missing\n");
    qtap_value value{};
    CHECK(qtap_rule_result_value(first.result, &value) == QTAP_ERR_NOTFOUND);

    const Explained second(first.rest(), {{"port", int_value(3306)}});
    CHECK(second.outcome() == QTAP_RULE_TRUE);
    CHECK(second.rest() == "port == 3306");
    CHECK(second.value().type == QTAP_VALUE_BOOL);
  }

  TEST_CASE("values outlive the rule and its fields") {
    CHECK(view(Explained("\"abc\" or x").value().s) == "abc");
    CHECK(Explained("0 and x").value().type == QTAP_VALUE_INT64);
    CHECK(Explained("0 and x").outcome() == QTAP_RULE_FALSE);
    CHECK(Explained("18446744073709551615").value().u == UINT64_MAX);
    CHECK(Explained("2.5").value().d == 2.5);
    const Explained list("[1, \"two\", 10.0.0.0/8, ::1, 1.2.3.4, 61:62, /x+/]");
    const qtap_value value = list.value();
    REQUIRE(value.type == QTAP_VALUE_LIST);
    REQUIRE(value.count == 7);
    CHECK(value.items[0].i == 1);
    CHECK(view(value.items[1].s) == "two");
    CHECK(value.items[2].type == QTAP_VALUE_CIDR);
    CHECK(value.items[2].family == 4);
    CHECK(value.items[2].bits == 8);
    CHECK(value.items[3].family == 6);
    CHECK(value.items[4].family == 4);
    CHECK(value.items[4].ip[15] == 4);
    CHECK(value.items[5].type == QTAP_VALUE_HEX);
    CHECK(view(value.items[5].s) == "ab");
    CHECK(value.items[6].type == QTAP_VALUE_REGEX);
    CHECK(view(value.items[6].s) == "x+");
  }

  TEST_CASE("maps go in and come out") {
    qtap_value items[] = {text_value("b"), int_value(2), text_value("a"), text_value("one")};
    qtap_value map{};
    map.type = QTAP_VALUE_MAP;
    map.items = items;
    map.count = 4;
    const qtap_value out = Explained("f", {{"f", map}}).value();
    CHECK(out.type == QTAP_VALUE_MAP);
    CHECK(Explained("starts_with(f, \"map[a:one b:2]\")", {{"f", map}}).outcome() ==
          QTAP_RULE_TRUE);
    map.count = 3;
    CHECK(Explained("f", {{"f", map}}).outcome() == QTAP_RULE_FAILED);
    map.count = 4;
    items[2] = text_value("b");
    CHECK(Explained("f", {{"f", map}}).outcome() == QTAP_RULE_FAILED);
    items[2] = int_value(1);
    CHECK(Explained("f", {{"f", map}}).outcome() == QTAP_RULE_FAILED);
  }

  TEST_CASE("a lookup that fails") {
    qtap_value broken{};
    broken.type = -1;
    const Explained failed("g and\n  f == 1", {{"f", broken}});
    CHECK(failed.outcome() == QTAP_RULE_FAILED);
    CHECK(failed.issues().find("1 2:3 /f: ") != std::string::npos);
    CHECK(failed.missing() == "g ");
    CHECK(failed.rest() == "g and f == 1");
  }

  TEST_CASE("macros and functions of a host") {
    int calls = 0;
    const qtap_rule_param params[] = {{"text", 1u << QTAP_VALUE_STRING, 0}};
    const qtap_rule_function functions[] = {{"shout", params, 1, shout, &calls}};
    const qtap_rule_macro macros[] = {{str("loud"), str("shout(f) == \"a!\"")},
                                      {str("both"), str("loud() and\n g == 1")}};
    const qtap_rule_known_field fields[] = {{"f", 0, 0}, {"g", QTAP_VALUE_INT64, 0}};
    qtap_rule_names names{};
    names.functions = functions;
    names.function_count = 1;
    names.macros = macros;
    names.macro_count = 2;
    names.fields = fields;
    names.field_count = 2;
    auto made = std::make_unique<Library>(names);
    REQUIRE(made->message == "");
    REQUIRE(made->status == QTAP_OK);
    const auto with = [&](std::string_view text, Fields given) {
      return std::make_unique<Explained>(text, std::move(given), made->library);
    };
    CHECK(with("loud()", {{"f", text_value("a")}})->outcome() == QTAP_RULE_TRUE);
    CHECK(calls == 1);
    const auto partial = with("both()", {{"f", text_value("a")}});
    CHECK(partial->issues() == "0 2:2 both/g: a field is missing\n");
    CHECK(partial->rest() == "g == 1");
    CHECK(with("loud()", {{"f", text_value("quiet")}})->issues() ==
          "2 1:1 loud/shout: shout: not that word\n");
    CHECK(with("loud()", {{"f", int_value(1)}})->issues() ==
          "2 1:1 loud/shout: shout: arg text: expected string, got int64\n");
    CHECK(with("shuot(f)", {})->message ==
          "QT140: line 1, column 1: unknown function \"shuot\"; did you mean \"shout\"?");

    // A rule keeps the library alive.
    qtap_rule* rule = nullptr;
    REQUIRE(qtap_rule_compile_with(made->library, "both() and h", 12, &rule, nullptr) == QTAP_OK);
    made.reset();
    std::string asked;
    qtap_str name{};
    for (size_t at = 0; qtap_rule_field_at(rule, at, &name) == QTAP_OK; ++at) {
      asked += std::string(view(name)) + " ";
    }
    CHECK(asked == "h g f ");
    qtap_rule_error warning{};
    warning.size = sizeof warning;
    REQUIRE(qtap_rule_warning_at(rule, 0, &warning) == QTAP_OK);
    CHECK(std::string(warning.text) == "line 1, column 12: unknown field \"h\"");
    CHECK(warning.column == 12);
    CHECK(qtap_rule_warning_at(rule, 1, &warning) == QTAP_ERR_NOTFOUND);
    Fields given = {{"f", text_value("a")}, {"g", int_value(1)}, {"h", int_value(1)}};
    int match = 0;
    CHECK(qtap_rule_eval(rule, look_up, &given, &match) == QTAP_OK);
    CHECK(match == 1);
    CHECK(view(qtap_rule_text(rule)) == "both() and h");
    qtap_rule_free(rule);
  }

  TEST_CASE("libraries that cannot be made say why") {
    const auto error_of = [](const qtap_rule_names& names) { return Library(names).message; };
    qtap_rule_names names{};
    const qtap_rule_macro bad[] = {{str("m"), str("f ==")}};
    names.macros = bad;
    names.macro_count = 1;
    CHECK(error_of(names) == "QT144: macro \"m\": line 1, column 5: expected a value after \"==\"");
    names.macros = nullptr;
    CHECK(error_of(names) == "QT142: make a rule library: a list is NULL");
    names = {};
    names.flags = 1u << 30;
    CHECK(error_of(names).substr(0, 6) == "QT143:");
    names = {};
    const qtap_rule_function nameless[] = {{nullptr, nullptr, 0, shout, nullptr}};
    names.functions = nameless;
    names.function_count = 1;
    CHECK(error_of(names) ==
          "QT142: make a rule library: functions[0]: name and call must not be NULL");
    const qtap_rule_param newer[] = {{"x", 1u << 30, 0}};
    const qtap_rule_function later[] = {{"f", newer, 1, shout, nullptr}};
    names.functions = later;
    CHECK(error_of(names).substr(0, 6) == "QT143:");
    names = {};
    for (const qtap_rule_known_field odd :
         {qtap_rule_known_field{"h", 99, 0}, {"h", -1, 0}, {"h", QTAP_VALUE_STRING, 1}}) {
      names.fields = &odd;
      names.field_count = 1;
      CHECK(error_of(names).substr(0, 6) == "QT143:");
    }
    names = {};
    const qtap_rule_known_field strict[] = {{"host", QTAP_VALUE_STRING, 0}};
    names.fields = strict;
    names.field_count = 1;
    names.flags = QTAP_RULE_UNKNOWN_FIELDS_FAIL;
    const Library library(names);
    REQUIRE(library.status == QTAP_OK);
    names.flags |= QTAP_RULE_TRANSACTION_FIELDS;
    const Library all(names);
    REQUIRE(all.status == QTAP_OK);
    for (const char* known :
         {"host", "http.req.headers.x-team.part", "res.headers.a == \"x\"", "request.method",
          "tls.alpn contains \"h2\"", "exe matches /x/", "src.ip in 10.0.0.0/8"}) {
      CAPTURE(known);
      CHECK(Explained(known, {}, all.library).message == "");
    }
    CHECK(Explained("res.statu == 5", {}, all.library).message ==
          "QT140: line 1, column 1: unknown field \"res.statu\"; did you mean \"res.status\"?");
    CHECK(Explained("hots", {}, library.library).message ==
          "QT140: line 1, column 1: unknown field \"hots\"; did you mean \"host\"?");
  }

  TEST_CASE("a table in place of a lookup") {
    qtap_rule* rule = nullptr;
    REQUIRE(qtap_rule_compile("g == 1 and f == \"a\"", 19, &rule, nullptr) == QTAP_OK);
    const qtap_value one = int_value(1);
    const qtap_value a = text_value("a");
    const qtap_value* values[] = {&one, &a};
    int match = 7;
    CHECK(qtap_rule_eval_table(rule, values, 2, &match) == QTAP_OK);
    CHECK(match == 1);
    values[1] = nullptr;
    CHECK(qtap_rule_eval_table(rule, values, 2, &match) == QTAP_WARN_PARTIAL);
    CHECK(match == 0);
    CHECK(qtap_rule_eval_table(rule, values, 1, &match) == QTAP_ERR_INVALID);
    qtap_rule_free(rule);
  }

  TEST_CASE("a set tells what is not false, and outlives its rules") {
    const char* texts[] = {"f == \"x\"", "h", "f == \"a\"", "starts_with(f, \"a\")",
                           "starts_with(null, f)"};
    qtap_rule* rules[5] = {};
    for (size_t at = 0; at < 5; ++at) {
      REQUIRE(qtap_rule_compile(texts[at], std::strlen(texts[at]), &rules[at], nullptr) == QTAP_OK);
    }
    qtap_rule_set* set = nullptr;
    REQUIRE(qtap_rule_set_new(rules, 5, &set) == QTAP_OK);
    for (qtap_rule* rule : rules) qtap_rule_free(rule);
    Fields fields = {{"f", text_value("a")}, {"null", qtap_value{}}};
    qtap_rule_hit hits[4] = {};
    size_t count = 0;
    CHECK(qtap_rule_set_eval(set, 0, look_up, &fields, hits, 4, &count) == QTAP_OK);
    REQUIRE(count == 2);
    CHECK(hits[0].rule == 1);
    CHECK(hits[0].outcome == QTAP_RULE_UNKNOWN);
    CHECK(hits[1].rule == 2);
    CHECK(hits[1].outcome == QTAP_RULE_TRUE);
    CHECK(qtap_rule_set_eval(set, QTAP_RULE_SET_ALL, look_up, &fields, hits, 4, &count) == QTAP_OK);
    REQUIRE(count == 4);
    CHECK(hits[2].rule == 3);
    CHECK(hits[3].outcome == QTAP_RULE_FAILED);
    CHECK(hits[3].status == QTAP_ERR_INVALID);
    CHECK(qtap_rule_set_eval(set, QTAP_RULE_SET_ALL, look_up, &fields, hits, 1, &count) ==
          QTAP_WARN_PARTIAL);
    CHECK(count == 4);
    std::string asked;
    qtap_str name{};
    for (size_t at = 0; qtap_rule_set_field_at(set, at, &name) == QTAP_OK; ++at) {
      asked += std::string(view(name)) + " ";
    }
    CHECK(asked == "f h null ");
    qtap_rule_set_free(set);
  }

  TEST_CASE("threads share a set") {
    qtap_rule* rule = nullptr;
    REQUIRE(qtap_rule_compile("f == \"a\"", 8, &rule, nullptr) == QTAP_OK);
    const std::vector<const qtap_rule*> rules(100, rule);
    qtap_rule_set* set = nullptr;
    REQUIRE(qtap_rule_set_new(rules.data(), rules.size(), &set) == QTAP_OK);
    qtap_rule_free(rule);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
      threads.emplace_back([&, number] {
        Fields fields = {{"f", text_value(number % 2 == 0 ? "a" : "b")}};
        for (int round = 0; round < 500; ++round) {
          size_t count = 7;
          qtap_rule_set_eval(set, QTAP_RULE_SET_ALL, look_up, &fields, nullptr, 0, &count);
          if (count != (number % 2 == 0 ? 100u : 0u)) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    qtap_rule_set_free(set);
  }

  TEST_CASE("the place of an error, in a buffer of any size") {
    const std::string_view text = "a ==";
    char buf[32];
    CHECK(qtap_rule_excerpt(text.data(), text.size(), 1, 5, buf, sizeof buf) == 15);
    CHECK(std::string(buf) == "  a ==\n      ^\n");
    CHECK(qtap_rule_excerpt(text.data(), text.size(), 1, 5, buf, 4) == 15);
    CHECK(std::string(buf) == "  a");
    CHECK(qtap_rule_excerpt(text.data(), text.size(), 1, 5, nullptr, 0) == 15);
    CHECK(qtap_rule_excerpt(text.data(), text.size(), 9, 5, buf, sizeof buf) == 0);
    CHECK(qtap_rule_excerpt(nullptr, 0, 1, 1, buf, sizeof buf) == 0);
  }

  // Where this takes a minute, some work grows with the square of the rule.
  TEST_CASE("of a hundred thousand issues the first have their places, the rest are counted") {
    std::string macro = "f_0";
    while (macro.size() < 65000) macro += "\nor f_" + std::to_string(macro.size() % 100);
    macro += "\n or   last";
    std::string text = "m()";
    while (text.size() < 100) text += " or m()";
    const qtap_rule_macro rows[] = {{str("m"), str(macro.c_str())}};
    qtap_rule_names names{};
    names.macros = rows;
    names.macro_count = 1;
    const Library library(names);
    REQUIRE(library.status == QTAP_OK);
    const Explained many(text, {}, library.library);
    CHECK(many.outcome() == QTAP_RULE_UNKNOWN);
    const auto lines = static_cast<uint32_t>(std::count(macro.begin(), macro.end(), '\n') + 1);
    qtap_rule_issue issue{};
    issue.size = sizeof issue;
    REQUIRE(qtap_rule_result_issue_at(many.result, 63, &issue) == QTAP_OK);
    CHECK(issue.line == 64);
    CHECK(issue.column == 4);
    REQUIRE(qtap_rule_result_issue_at(many.result, 64, &issue) == QTAP_OK);
    CHECK(issue.kind == QTAP_RULE_LIMIT);
    CHECK(issue.line == 0);
    const auto calls = static_cast<uint32_t>(std::count(text.begin(), text.end(), 'm'));
    CHECK(view(issue.text) == std::to_string(calls * lines - 64) + " more issues are not told");
    CHECK(qtap_rule_result_issue_at(many.result, 65, &issue) == QTAP_ERR_NOTFOUND);
    const std::string missing = many.missing();
    CHECK(missing.substr(missing.size() - 6) == " last ");  // behind 100 others
  }

  TEST_CASE("a hundred thousand fields, each once") {
    std::vector<std::string> texts;
    std::vector<std::string> called;
    std::string text;
    size_t fields = 1;
    for (int m = 0; m < 16; ++m) {
      std::string macro = "f";
      for (int n = 0; macro.size() < 65000; ++n, ++fields) {
        macro += " or a_" + std::to_string(m) + "_" + std::to_string(n);
      }
      texts.push_back(macro);
      called.push_back("m" + std::to_string(m));
      text += (m > 0 ? " or m" : "m") + std::to_string(m) + "()";
    }
    std::vector<qtap_rule_macro> rows;
    for (size_t m = 0; m < texts.size(); ++m) {
      rows.push_back({str(called[m].c_str()), str(texts[m].c_str())});
    }
    qtap_rule_names names{};
    names.macros = rows.data();
    names.macro_count = rows.size();
    const Library library(names);
    REQUIRE(library.status == QTAP_OK);
    qtap_rule* rule = nullptr;
    REQUIRE(qtap_rule_compile_with(library.library, text.data(), text.size(), &rule, nullptr) ==
            QTAP_OK);
    qtap_str name{};
    CHECK(qtap_rule_field_at(rule, fields - 1, &name) == QTAP_OK);
    CHECK(qtap_rule_field_at(rule, fields, &name) == QTAP_ERR_NOTFOUND);
    qtap_rule_free(rule);
  }
}
