// SPDX-License-Identifier: Apache-2.0
// The rules R1 to R8 of design/performance.md section 5 with the fields given there: CPU time per
// evaluation (of a table of fields, and of fields looked up by name in nested maps) and per
// compilation, allocations per evaluation, beside what the existing engine takes and, where a rule
// has a regex, beside a bare RE2 match in the same run.
// Then sets of 10, 100 and 1,000 rules of one form beside one such rule.
// Usage: rulekit [FOLDER]. FOLDER is not used. Prints one JSON array, and on standard error a table
// for people; tests/bench/run.py adds machine and commit.
#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <qtap/base.h>

#include "rulekit/address.h"
#include "rulekit/rule.h"
#include "rulekit/rule_set.h"

namespace {

uint64_t g_allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++g_allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace {

using namespace qtap::rulekit;

constexpr int kRuns = 7;                // the median of them is told
constexpr int64_t kRunNs = 30'000'000;  // what one of them takes, about

struct Question {
  const char* name;
  const char* text;
  double go_evaluate_ns;  // design/performance.md section 5, as the two that follow
  double go_allocations;
  double go_compile_ns;
  const char* regex;  // what a bare RE2 match is asked beside it, on `host`; or null
  bool pass;
};

constexpr Question kQuestions[] = {
    {"R1", "method == \"GET\"", 240, 5, 1029, nullptr, true},
    {"R2", "response.status >= 500", 192, 2, 977, nullptr, false},
    {"R3", "host matches /\\.example\\.com$/", 244, 2, 3293, "\\.example\\.com$", true},
    {"R4", "src.ip in 10.0.0.0/8 and dst.port == 443", 518, 7, 1829, nullptr, true},
    {"R5", "method in [\"PUT\", \"POST\", \"PATCH\", \"GET\"]", 852, 17, 2671, nullptr, true},
    {"R6", "tags contains \"internal\" or request.header.user-agent contains \"curl\"", 1166, 21,
     3325, nullptr, false},
    {"R7", "starts_with(path, \"/api/v1/\") and request.header.authorization", 777, 10, 2537,
     nullptr, true},
    {"R8",
     "(method == \"POST\" or method == \"GET\") and (host matches /^(api|www)\\.example\\.com$/ "
     "and "
     "response.status < 400) and (src.ip in 10.0.0.0/8 or src.ip in 192.168.0.0/16) and (path "
     "contains \"/users/\" and request.header.content-type != \"text/html\" and latency_ms < "
     "250.5)",
     2544, 40, 18008, "^(api|www)\\.example\\.com$", true},
    // A regex that no literal decides: what the engine adds to the match itself.
    {"R3b", "host matches /\\.ex[a-m]+ple\\.com$/", 0, 0, 0, "\\.ex[a-m]+ple\\.com$", true},
};

// The key-value map of design/performance.md section 5.
struct Map {
  std::vector<Value> tags = {Value::string("prod"), Value::string("edge"),
                             Value::string("eu-west-1"), Value::string("public")};
  std::vector<MapEntry> src = {{"ip", Value::ip_address(*parse_ip("10.20.30.40"))},
                               {"port", Value::integer(51234)}};
  std::vector<MapEntry> dst = {{"ip", Value::ip_address(*parse_ip("93.184.216.34"))},
                               {"port", Value::integer(443)}};
  std::vector<MapEntry> header = {
      {"accept", Value::string("*/*")},
      {"authorization", Value::string("Bearer eyJhbGciOiJIUzI1NiJ9.e30.sig")},
      {"content-type", Value::string("application/json")},
      {"user-agent", Value::string("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
                                   "like Gecko) Chrome/124.0 Safari/537.36")}};
  std::vector<MapEntry> request = {{"header", Value::map(header)}, {"size", Value::integer(512)}};
  std::vector<MapEntry> response = {{"size", Value::integer(15320)},
                                    {"status", Value::integer(200)}};
  std::vector<MapEntry> top = {
      {"dst", Value::map(dst)},
      {"host", Value::string("api.example.com")},
      {"latency_ms", Value::number(12.75)},
      {"method", Value::string("GET")},
      {"path", Value::string("/api/v1/users/42/orders")},
      {"query", Value::string("limit=50")},
      {"request", Value::map(request)},
      {"response", Value::map(response)},
      {"scheme", Value::string("https")},
      {"src", Value::map(src)},
      {"tags", Value::list(Type::kArray, tags)},
      {"tls", Value::boolean(true)},
      {"url", Value::string("https://api.example.com/api/v1/users/42/orders?limit=50")},
      {"user", Value::string("alice")}};
};

// CPU time: other sessions share the processors.
int64_t cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// How many calls take kRunNs, about.
template <typename Work>
int64_t calls_of_a_run(Work& work) {
  int64_t count = 1;
  for (int64_t took = 0; took < kRunNs / 10; count *= 2) {
    const int64_t begin = cpu_ns();
    for (int64_t i = 0; i < count; ++i) work();
    took = cpu_ns() - begin;
  }
  return count * 4;
}

template <typename Work>
double ns_of_run(Work& work, int64_t calls) {
  const int64_t begin = cpu_ns();
  for (int64_t i = 0; i < calls; ++i) work();
  return static_cast<double>(cpu_ns() - begin) / static_cast<double>(calls);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Nanoseconds of one call, the median of kRuns.
template <typename Work>
double ns_per(Work work) {
  const int64_t calls = calls_of_a_run(work);
  std::vector<double> times;
  for (int run = 0; run < kRuns; ++run) times.push_back(ns_of_run(work, calls));
  return median(times);
}

// How many times as long the first takes: both in turns, since clocks of processors change while a
// benchmark runs. The median of kRuns.
template <typename Work, typename Other>
double times_as_long(Work work, Other other) {
  const int64_t calls = calls_of_a_run(work);
  const int64_t other_calls = calls_of_a_run(other);
  std::vector<double> ratios;
  for (int run = 0; run < kRuns; ++run) {
    const double ns = ns_of_run(work, calls);
    ratios.push_back(ns / ns_of_run(other, other_calls));
  }
  return median(ratios);
}

template <typename Work>
double allocations_per(Work work) {
  constexpr uint64_t kCount = 1000;
  const uint64_t before = g_allocations;
  for (uint64_t i = 0; i < kCount; ++i) work();
  return static_cast<double>(g_allocations - before) / kCount;
}

void must(bool held, const char* what) {
  if (held) return;
  fprintf(stderr, "rulekit bench: %s\n", what);
  exit(1);
}

int look_up(void* user, const FieldRef& field, Scratch&, Value* ret) {
  const Value* found = find_member(static_cast<const Map*>(user)->top, field.name);
  if (found == nullptr) return QTAP_ERR_NOTFOUND;
  *ret = *found;
  return QTAP_OK;
}

// A bare match of the regex, beside which its rule is measured.
class BareMatch {
 public:
  explicit BareMatch(const char* regex) : regex_(regex, quiet()) {}
  void operator()() const { must(re2::RE2::PartialMatch(host_, regex_), "the bare match fails"); }

 private:
  static re2::RE2::Options quiet() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    return options;
  }
  const re2::RE2 regex_;
  const std::string host_ = "api.example.com";
};

void ask(const Question& question, Map* map, const char* end) {
  const CompileResult compiled = Rule::compile(question.text);
  must(compiled.rule != nullptr, compiled.error.text.c_str());
  const Rule& rule = *compiled.rule;
  const FieldSource by_name{look_up, map};
  const auto evaluate = [&] {
    Scratch scratch;
    must(rule.evaluate(by_name, &scratch).pass() == question.pass, question.text);
  };
  std::vector<const Value*> known(rule.fields().size());
  fill_table(rule.fields(), map->top, known);
  const FieldTable table = known;
  Scratch scratch;
  const auto evaluate_table = [&] {
    must(rule.evaluate(table, &scratch).pass() == question.pass, question.text);
  };
  const double compile_ns = ns_per([&] { must(Rule::compile(question.text).rule != nullptr, ""); });
  const double ns = ns_per(evaluate_table);
  const double name_ns = ns_per(evaluate);
  const double allocations = allocations_per(evaluate) + allocations_per(evaluate_table);
  double bare_ns = 0;
  double times_bare = 0;
  if (question.regex != nullptr) {
    const BareMatch bare(question.regex);
    bare_ns = ns_per([&] { bare(); });
    times_bare = times_as_long(evaluate_table, [&] { bare(); });
  }
  printf(
      "  {\"name\": \"%s\", \"ns\": %.1f, \"ns_by_name\": %.1f, \"allocations\": %.1f, "
      "\"compile_ns\": %.0f, \"bare_re2_ns\": %.1f, \"times_bare\": %.2f, \"go_ns\": %.0f, "
      "\"go_allocations\": %.0f, "
      "\"go_compile_ns\": %.0f, \"times_go\": %.1f, \"times_go_by_name\": %.1f}%s",
      question.name, ns, name_ns, allocations, compile_ns, bare_ns, times_bare,
      question.go_evaluate_ns, question.go_allocations, question.go_compile_ns,
      question.go_evaluate_ns / ns, question.go_evaluate_ns / name_ns, end);
  fprintf(stderr, "%-4s %8.1f %8.1f %7.1f %9.0f %9.1f %9.2f %8.0f %8.0f %9.0f %8.1f %8.1f\n",
          question.name, ns, name_ns, allocations, compile_ns, bare_ns, times_bare,
          question.go_evaluate_ns, question.go_allocations, question.go_compile_ns,
          question.go_evaluate_ns / ns, question.go_evaluate_ns / name_ns);
}

std::string json_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// A set of rules of one form, the value of the field in the middle of them, beside one such rule.
struct SetQuestion {
  const char* name;
  const char* form;  // of a rule; %d is its number
  const char* value;
};

constexpr SetQuestion kSetQuestions[] = {
    {"host == \"x\"", "http.req.host == \"host-%d.example.com\"", "host-5.example.com"},
    {"host == \"x\", none", "http.req.host == \"host-%d.example.com\"", "api.example.com"},
    {"path =~ /^x/", "http.req.path =~ /^\\/api\\/v%d\\/users\\//", "/api/v5/users/42/orders"},
    {"starts_with(path, x)", "starts_with(http.req.path, \"/api/v%d/\")",
     "/api/v5/users/42/orders"},
    {"path == \"x\" and ..", "http.req.path == \"/%d\" and http.res.status >= 200", "/5"},
};

std::unique_ptr<const Rule> rule_of(const char* form, int number) {
  char text[200];
  snprintf(text, sizeof text, form, number);
  CompileResult compiled = Rule::compile(text);
  must(compiled.rule != nullptr, compiled.error.text.c_str());
  return std::move(compiled.rule);
}

// Fields by number, through a callback.
int by_slot(void* user, const FieldRef& field, Scratch&, Value* ret) {
  *ret = *(*static_cast<const std::vector<const Value*>*>(user))[field.slot];
  return QTAP_OK;
}

void ask_sets(const SetQuestion& question) {
  const Value text = Value::string(question.value);
  const Value status = Value::integer(200);
  std::vector<const Value*> known = {&text, &status};
  const FieldTable table = known;
  const FieldSource source{by_slot, &known};
  const auto one = rule_of(question.form, 5);
  Scratch scratch;
  const bool passes = one->evaluate(table, &scratch).pass();
  const auto evaluate_one = [&] {
    must(one->evaluate(table, &scratch).pass() == passes, question.form);
  };
  const auto call_one = [&] {
    must(one->evaluate(source, &scratch).pass() == passes, question.form);
  };
  const double one_ns = ns_per(evaluate_one);
  for (const int count : {10, 100, 1000}) {
    std::vector<std::unique_ptr<const Rule>> rules;
    std::vector<const Rule*> borrowed;
    for (int number = 0; number < count; ++number) {
      rules.push_back(rule_of(question.form, number));
      borrowed.push_back(rules.back().get());
    }
    const auto set = RuleSet::create(borrowed);
    SetScratch set_scratch;
    const auto evaluate = [&] {
      const auto hits = set->evaluate(SetMatch::kAll, table, &set_scratch);
      must(hits.size() == (passes ? 1 : 0) && (!passes || hits[0].rule == 5), question.form);
    };
    const double ns = ns_per(evaluate);
    const double times_one = times_as_long(evaluate, evaluate_one);
    const auto call = [&] {
      const auto hits = set->evaluate(SetMatch::kAll, source, &set_scratch);
      must(hits.size() == (passes ? 1 : 0) && (!passes || hits[0].rule == 5), question.form);
    };
    const double call_ns = ns_per(call);
    const double times_one_call = times_as_long(call, call_one);
    const double allocations = allocations_per(evaluate) + allocations_per(call);
    printf(
        ",\n  {\"name\": \"set of %d: %s\", \"ns\": %.1f, \"one_rule_ns\": %.1f, \"times_one\": "
        "%.2f, \"ns_by_callback\": %.1f, \"times_one_by_callback\": %.2f, \"allocations\": %.1f}",
        count, json_text(question.name).c_str(), ns, one_ns, times_one, call_ns, times_one_call,
        allocations);
    fprintf(stderr, "%-24s %5d %8.1f %8.1f %8.2f %8.1f %8.2f %7.1f\n", question.name, count, ns,
            one_ns, times_one, call_ns, times_one_call, allocations);
  }
}

}  // namespace

int main() {
  Map map;
  fprintf(stderr, "%-4s %8s %8s %7s %9s %9s %9s %8s %8s %9s %8s %8s\n", "rule", "table", "by name",
          "allocs", "compile", "bare RE2", "/bare RE2", "Go", "Go alloc", "Go compil", "Go/table",
          "Go/name");
  printf("[\n");
  const Question* last = std::end(kQuestions) - 1;
  for (const Question& question : kQuestions) ask(question, &map, &question == last ? "" : ",\n");
  fprintf(stderr, "\n%-24s %5s %8s %8s %8s %8s %8s %7s\n", "set of rules", "rules", "set",
          "one rule", "set/one", "callback", "call/one", "allocs");
  for (const SetQuestion& question : kSetQuestions) ask_sets(question);
  printf("\n]\n");
  return 0;
}
