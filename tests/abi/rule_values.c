/* SPDX-License-Identifier: Apache-2.0 */
/* Every type of the rule language: given as a field, compared with a literal, and had back. */
#include "abi.h"

static struct qtap_value of(int type) {
  struct qtap_value value;

  memset(&value, 0, sizeof value);
  value.type = type;
  return value;
}

static struct qtap_value of_text(int type, const char* bytes, size_t len) {
  struct qtap_value value = of(type);

  value.s.data = bytes;
  value.s.len = len;
  return value;
}

static struct qtap_value of_ip(int type, uint32_t bits) {
  static const uint8_t ip[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 0, 0};
  struct qtap_value value = of(type);

  value.family = 4;
  value.bits = bits;
  memcpy(value.ip, ip, sizeof ip);
  return value;
}

static int only_f(void* user, struct qtap_str name, struct qtap_value* ret) {
  if (name.len != 1 || name.data[0] != 'f') return QTAP_ERR_NOTFOUND;
  *ret = *(const struct qtap_value*)user;
  return 0;
}

static qtap_rule_result* result_of(const char* text, struct qtap_value* field) {
  qtap_rule_result* result = NULL;
  qtap_rule* rule = NULL;

  if (!CHECK_STATUS(0, qtap_rule_compile(text, strlen(text), &rule, NULL))) return NULL;
  CHECK_STATUS(0, qtap_rule_explain(rule, only_f, field, &result));
  qtap_rule_free(rule);
  return result;
}

static int same(const struct qtap_value* a, const struct qtap_value* b) {
  size_t i;

  if (a->type != b->type || a->i != b->i || a->u != b->u || a->d < b->d || a->d > b->d) return 0;
  if (a->family != b->family || a->bits != b->bits || memcmp(a->ip, b->ip, sizeof a->ip) != 0)
    return 0;
  if (a->s.len != b->s.len || (a->s.len > 0 && memcmp(a->s.data, b->s.data, a->s.len) != 0))
    return 0;
  if (a->count != b->count) return 0;
  for (i = 0; i < a->count; ++i)
    if (!same(&a->items[i], &b->items[i])) return 0;
  return 1;
}

/* `text` is true of the value in `f`, and the value comes back as it went in. */
static void goes_through(const char* text, struct qtap_value value) {
  qtap_rule_result* result = result_of(text, &value);
  struct qtap_value back;

  if (!CHECK_STATUS(QTAP_RULE_TRUE, qtap_rule_result_outcome(result)))
    fprintf(stderr, "%s\n", text);
  qtap_rule_result_free(result);
  result = result_of("f", &value);
  memset(&back, 0xff, sizeof back);
  CHECK_STATUS(0, qtap_rule_result_value(result, &back));
  if (!CHECK(same(&value, &back))) fprintf(stderr, "type %d, back %d\n", value.type, back.type);
  qtap_rule_result_free(result);
}

static void fields_go_through(void) {
  static const char mac[] = "\xab\xcd\xef\x01\x02\x03";
  struct qtap_value items[4];
  struct qtap_value value;

  goes_through("not f", of(QTAP_VALUE_NULL));
  value = of(QTAP_VALUE_BOOL);
  value.i = 1;
  goes_through("f == true", value);
  value = of(QTAP_VALUE_INT64);
  value.i = INT64_MIN;
  goes_through("f == -9223372036854775808", value);
  value = of(QTAP_VALUE_UINT64);
  value.u = UINT64_MAX;
  goes_through("f == 18446744073709551615", value);
  value = of(QTAP_VALUE_DOUBLE);
  value.d = 1.25;
  goes_through("f == 1.25", value);
  goes_through("f == \"GET\" and f == 47:45:54 and f =~ /^G/",
               of_text(QTAP_VALUE_STRING, "GET", 3));
  goes_through("f and f != \"GET\" or not f == \"GET\"", of_text(QTAP_VALUE_BYTES, "GET", 3));
  goes_through("f == 10.1.0.0 and f in 10.0.0.0/8", of_ip(QTAP_VALUE_IP, 0));
  goes_through("10.1.9.9 in f", of_ip(QTAP_VALUE_CIDR, 16));
  goes_through("f == \"AB:CD:EF:01:02:03\" and f == ab:cd:ef:01:02:03",
               of_text(QTAP_VALUE_MAC, mac, 6));
  goes_through("\"GET\" == f and \"xGETx\" contains f and \"PUT\" != f",
               of_text(QTAP_VALUE_HEX, "GET", 3));
  goes_through("\"AB:CD:EF:01:02:03\" == f", of_text(QTAP_VALUE_HEX, mac, 6));
  goes_through("starts_with(f, \"ab:cd:ef:\")", of_text(QTAP_VALUE_HEX, mac, 6));
  items[0] = of_text(QTAP_VALUE_STRING, "a", 1);
  items[1] = of_text(QTAP_VALUE_STRING, "b", 1);
  value = of(QTAP_VALUE_STRING_LIST);
  value.items = items;
  value.count = 2;
  goes_through("f contains \"b\" and f =~ /^a/", value);
  items[1] = of_text(QTAP_VALUE_HEX, "\0\xff", 2);
  value.type = QTAP_VALUE_LIST;
  goes_through("f contains \"a\"", value);
  value.type = QTAP_VALUE_MAP;
  goes_through("starts_with(f, \"map[a:00:ff]\")", value);
}

/* `text` alone, a literal, comes to this. */
static void comes_to(const char* text, struct qtap_value wanted) {
  struct qtap_value none = of(QTAP_VALUE_NULL);
  struct qtap_value back = none;
  qtap_rule_result* result = result_of(text, &none);

  CHECK_STATUS(0, qtap_rule_result_value(result, &back));
  if (!CHECK(same(&wanted, &back))) fprintf(stderr, "%s: type %d\n", text, back.type);
  qtap_rule_result_free(result);
}

static void literals_come_back(void) {
  struct qtap_value items[3];
  struct qtap_value value = of(QTAP_VALUE_BOOL);

  value.i = 1;
  comes_to("true", value);
  value = of(QTAP_VALUE_INT64);
  value.i = -5;
  comes_to("-5", value);
  value = of(QTAP_VALUE_UINT64);
  value.u = UINT64_MAX;
  comes_to("18446744073709551615", value);
  value = of(QTAP_VALUE_DOUBLE);
  value.d = 2.5;
  comes_to("2.5", value);
  comes_to("'GET'", of_text(QTAP_VALUE_STRING, "GET", 3));
  comes_to("10.1.0.0", of_ip(QTAP_VALUE_IP, 0));
  comes_to("10.1.0.0/16", of_ip(QTAP_VALUE_CIDR, 16));
  comes_to("\"ab:cd:ef:01:02:03\"", of_text(QTAP_VALUE_MAC, "\xab\xcd\xef\x01\x02\x03", 6));
  comes_to("47:45:54", of_text(QTAP_VALUE_HEX, "GET", 3));
  comes_to("/^G\\/?/", of_text(QTAP_VALUE_REGEX, "^G\\/?", 5));
  items[0] = of_text(QTAP_VALUE_HEX, "GE", 2);
  items[1] = of_text(QTAP_VALUE_REGEX, "x+", 2);
  items[2] = of_text(QTAP_VALUE_STRING, "x+", 2);
  value = of(QTAP_VALUE_LIST);
  value.items = items;
  value.count = 3;
  comes_to("[47:45, /x+/, \"x+\"]", value);
}

/* A regex is compiled with the rule that it is written in. */
static void a_regex_is_no_field(void) {
  struct qtap_value value = of_text(QTAP_VALUE_REGEX, "x+", 2);
  struct qtap_value list = of(QTAP_VALUE_LIST);
  qtap_rule* rule = NULL;
  int match = 0;

  CHECK_STATUS(0, qtap_rule_compile("f == \"x\"", 8, &rule, NULL));
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(rule, only_f, &value, &match));
  list.items = &value;
  list.count = 1;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(rule, only_f, &list, &match));
  qtap_rule_free(rule);
}

/* A host's function asks for HEX and gives one. */
static int next_hex(void* user, qtap_rule_call* call, const struct qtap_value* args,
                    struct qtap_value* ret) {
  char bytes[2];

  (void)user;
  bytes[0] = args[0].s.data[0];
  bytes[1] = 'x';
  ret->type = QTAP_VALUE_HEX;
  ret->s.data = qtap_rule_call_copy(call, bytes, sizeof bytes);
  ret->s.len = sizeof bytes;
  return ret->s.data ? 0 : QTAP_ERR_NOMEM;
}

static void functions_take_and_give_them(void) {
  struct qtap_rule_param params[2];
  struct qtap_rule_function function;
  struct qtap_rule_known_field field;
  struct qtap_rule_names names;
  struct qtap_value value = of_text(QTAP_VALUE_HEX, "GET", 3);
  struct qtap_rule_error error;
  qtap_rule_library* library = NULL;
  qtap_rule* rule = NULL;
  int match = 0;

  memset(params, 0, sizeof params);
  params[0].name = "value";
  params[0].types = 1u << QTAP_VALUE_HEX;
  params[1].name = "pattern";
  params[1].types = 1u << QTAP_VALUE_REGEX;
  memset(&function, 0, sizeof function);
  function.name = "next_hex";
  function.params = params;
  function.param_count = 2;
  function.call = next_hex;
  memset(&field, 0, sizeof field);
  field.name = "f";
  field.type = QTAP_VALUE_HEX;
  memset(&names, 0, sizeof names);
  names.size = sizeof names;
  names.functions = &function;
  names.function_count = 1;
  names.fields = &field;
  names.field_count = 1;
  CHECK_STATUS(0, qtap_rule_library_new(&names, &library, NULL));
  CHECK_STATUS(0, qtap_rule_compile_with(library, "\"Gx\" == next_hex(f, /x/)", 24, &rule, NULL));
  CHECK_STATUS(0, qtap_rule_eval(rule, only_f, &value, &match));
  CHECK(match == 1);
  value.type = QTAP_VALUE_BYTES;
  CHECK_STATUS(QTAP_ERR_INVALID, qtap_rule_eval(rule, only_f, &value, &match));
  qtap_rule_free(rule);
  memset(&error, 0, sizeof error);
  error.size = sizeof error;
  CHECK_STATUS(0, qtap_rule_compile_with(library, "f == 5", 6, &rule, NULL));
  CHECK_STATUS(0, qtap_rule_warning_at(rule, 0, &error)); /* bytes are never equal to a number */
  qtap_rule_free(rule);
  qtap_rule_library_free(library);
}

int main(void) {
  fields_go_through();
  literals_come_back();
  a_regex_is_no_field();
  functions_take_and_give_them();
  return failed_checks != 0;
}
