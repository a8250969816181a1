// SPDX-License-Identifier: Apache-2.0
// The rule language alone: no session, no capture. Usage: rules RULE [FIELD=VALUE]..., e.g.
//   rules 'http.res.status >= 500 and src.ip in 10.0.0.0/8' http.res.status=503 src.ip=10.1.2.3
// Exit code: 0 it matches, 1 it does not (or a field is missing), 2 the rule or the usage is wrong.
#include <arpa/inet.h>
#include <qtap/rulekit.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace {

struct RuleFree {
  void operator()(qtap_rule* rule) const { qtap_rule_free(rule); }
};
struct ResultFree {
  void operator()(qtap_rule_result* result) const { qtap_rule_result_free(result); }
};

struct Fields {
  char** begin;
  char** end;
};

// A value's type shows in its text: a number, an address, or else a string.
qtap_value value_of(const char* text) {
  qtap_value value = {};
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value.i);
  in_addr ip4 = {};
  if (error == std::errc() && end == view.data() + view.size()) {
    value.type = QTAP_VALUE_INT64;
  } else if (inet_pton(AF_INET, text, &ip4) == 1) {
    value = {};
    value.type = QTAP_VALUE_IP;
    value.family = 4;
    value.ip[10] = value.ip[11] = 0xff;  // IPv4 travels mapped, see value.h
    memcpy(value.ip + 12, &ip4, sizeof ip4);
  } else if (inet_pton(AF_INET6, text, value.ip) == 1) {
    value.i = 0;
    value.type = QTAP_VALUE_IP;
    value.family = 6;
  } else {
    value = {};
    value.type = QTAP_VALUE_STRING;
    value.s = {view.data(), view.size()};
  }
  return value;
}

int look_up(void* user, qtap_str name, qtap_value* ret) {
  const auto* fields = static_cast<const Fields*>(user);
  const std::string_view wanted(name.data, name.len);
  for (char** field = fields->begin; field != fields->end; ++field) {
    const std::string_view text(*field);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos || text.substr(0, equals) != wanted) continue;
    *ret = value_of(*field + equals + 1);
    return 0;
  }
  return QTAP_ERR_NOTFOUND;
}

// Prints what kept the rule from being decided.
void print_missing(const qtap_rule_result* result) {
  qtap_str name = {};
  for (size_t at = 0; qtap_rule_result_missing_at(result, at, &name) == QTAP_OK; ++at) {
    printf("missing: %.*s\n", static_cast<int>(name.len), name.data);
  }
  const qtap_str rest = qtap_rule_result_rest(result);
  printf("left: %.*s\n", static_cast<int>(rest.len), rest.data);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: rules RULE [FIELD=VALUE]...\n");
    return 2;
  }
  qtap_rule_error why = {};
  why.size = sizeof why;
  qtap_rule* raw = nullptr;
  if (qtap_rule_compile(argv[1], strlen(argv[1]), &raw, &why) < 0) {
    char place[512] = "";
    qtap_rule_excerpt(argv[1], strlen(argv[1]), why.line, why.column, place, sizeof place);
    fprintf(stderr, "rules: %s\n%s", why.text, place);
    return 2;
  }
  const std::unique_ptr<qtap_rule, RuleFree> rule(raw);

  Fields fields = {argv + 2, argv + argc};
  qtap_rule_result* raw_result = nullptr;
  if (const int status = qtap_rule_explain(rule.get(), look_up, &fields, &raw_result); status < 0) {
    fprintf(stderr, "rules: %s\n", qtap_status_name(status));
    return 2;
  }
  const std::unique_ptr<qtap_rule_result, ResultFree> result(raw_result);
  const int outcome = qtap_rule_result_outcome(result.get());
  const bool undecided = outcome == QTAP_RULE_UNKNOWN || outcome == QTAP_RULE_FAILED;
  puts(undecided ? "undecided" : outcome == QTAP_RULE_TRUE ? "matches" : "does not match");
  if (undecided) print_missing(result.get());
  return outcome == QTAP_RULE_TRUE ? 0 : 1;
}
