// SPDX-License-Identifier: Apache-2.0
#include "model/option_table.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/suggest.h"
#include "base/text.h"
#include "model/config.h"
#include "model/option_key.h"
#include "model/option_value.h"

using namespace qtap;

namespace {

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

std::string first_type(const Option& option) {
  const std::vector<std::string_view> types = split_words(option.applies);
  return types.empty() ? "" : std::string(types.front());
}

// A key of the pattern: names are "main", indices 0.
std::string concrete(std::string key) {
  if (const size_t star = key.find('*'); star != std::string::npos) key.replace(star, 1, "main");
  for (size_t list = key.find("[]"); list != std::string::npos; list = key.find("[]")) {
    key.replace(list, 2, "[0]");
  }
  return key;
}

// A block-style document that holds one key, one level per line, and the type beside it where it
// matters.
std::string document_of(const std::string& key, const std::string& type) {
  std::string yaml;
  std::string indent;
  std::string_view rest = key;
  bool starts_element = false;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of(".["), rest.size());
    const std::string word(rest.substr(0, end));
    rest.remove_prefix(end);
    yaml += indent + (starts_element ? "- " : "") + word + ":";
    if (starts_element) indent += "  ";
    starts_element = false;
    if (rest.starts_with("[0]")) {
      rest.remove_prefix(3);
      starts_element = true;
    }
    yaml += rest.empty() ? " x\n" : "\n";
    indent += "  ";
    if (starts_element && rest.size() > 1 && !type.empty()) {
      yaml += indent + "- type: " + type + "\n";
      indent += "  ";
      starts_element = false;
    }
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return yaml;
}

// "LINE:COLUMN" of the last line's first word.
std::string last_place(const std::string& yaml) {
  const size_t begin = yaml.rfind('\n', yaml.size() - 2) + 1;
  const auto line = std::count(yaml.begin(), yaml.end(), '\n');
  const size_t column = yaml.find_first_not_of("- ", begin) - begin + 1;
  return std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace

TEST_SUITE("model/option_table") {
  TEST_CASE("every row has all that its documentation needs, and a default that it accepts") {
    for (const Option& option : option_table()) {
      const std::string key = option.key;
      CAPTURE(key);
      const std::string help = option.help;
      CHECK(help.ends_with("."));
      CHECK_FALSE(std::string(option.since).empty());
      CHECK(pattern_of(concrete(key)) == key);
      CHECK(shape_of(key) == Shape::kValue);
      CHECK(kind_of_key(key) == KeyKind::kOther);
      CHECK((option.type == OptionType::kWord || option.type == OptionType::kWords) ==
            !std::string(option.words).empty());
      const bool has_free_default =
          option.type == OptionType::kText || option.type == OptionType::kPath ||
          option.type == OptionType::kSecret || *option.falls_back != '\0' ||
          key.ends_with("rules[].format");  // as the plugin has it
      if (option.required) CHECK(std::string(option.default_text).empty());
      if (!option.required && !has_free_default)
        CHECK(check_value(option, key, option.default_text).ok());
    }
  }

  TEST_CASE("every key misspelt gives its place and the right word") {
    for (const Option& option : option_table()) {
      std::string key = concrete(option.key);
      if (std::string_view(option.key).ends_with(".*")) continue;  // any name
      const size_t begin = key.rfind('.') + 1;                     // npos + 1 is 0
      const std::string word = key.substr(begin);
      key.insert(begin + 1, "q");
      CAPTURE(key);
      std::string type = first_type(option);
      if (type.empty() && key.find('[') != std::string::npos && word != "type") {
        type = key.starts_with("stacks") ? "report_usage" : "stdout";
      }
      if (type.empty() && word == "type") type = "";
      const std::string yaml = document_of(key, type);
      CAPTURE(yaml);
      Config config;
      const Status status = config.parse(yaml, "f", no_environment);
      REQUIRE_FALSE(status.ok());
      const std::string text = status.error().text;
      CHECK(text.find("f:" + last_place(yaml) + ": error: unknown key \"" + word.substr(0, 1) +
                      "q" + word.substr(1) + "\" in ") != std::string::npos);
      // Without its type an element also lacks the required one.
      CHECK(text.find("; did you mean \"" + word + "\"?") != std::string::npos);
    }
  }

  TEST_CASE("every key takes no list of maps in place of its value") {
    for (const Option& option : option_table()) {
      const std::string key = concrete(option.key);
      CAPTURE(key);
      std::string yaml = document_of(key, first_type(option));
      yaml.replace(yaml.rfind(" x\n"), 3, " [{ a: b }]\n");
      Config config;
      const Status status = config.parse(yaml, "f", no_environment);
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().text.find(": expected ") != std::string::npos);
    }
  }

  TEST_CASE("sizes are powers of 1024 in any case") {
    CHECK(*try_size("0") == 0);
    CHECK(*try_size("17") == 17);
    CHECK(*try_size("17b") == 17);
    CHECK(*try_size("2kb") == 2048);
    CHECK(*try_size("2KiB") == 2048);
    CHECK(*try_size("1.5 MB") == 1536u * 1024);
    CHECK(*try_size("3gib") == 3ull << 30);
    for (const char* text :
         {"", "kb", "-1", "1.5", "1 tb", "1kb2", "1kb 2", "1e3kb", "0x10", "inf", "nan", " 1",
          "99999999999gb", "1..5kb", ".5kb", "18446744073709551616"}) {
      CAPTURE(text);
      CHECK_FALSE(try_size(text).ok());
    }
  }

  TEST_CASE("durations add up, a bare number is milliseconds") {
    CHECK(*try_duration_ns("250ms") == 250'000'000);
    CHECK(*try_duration_ns("10s") == 10'000'000'000);
    CHECK(*try_duration_ns("1m30s") == 90'000'000'000);
    CHECK(*try_duration_ns("24h") == 86'400'000'000'000);
    CHECK(*try_duration_ns("1.5s") == 1'500'000'000);
    CHECK(*try_duration_ns("7") == 7'000'000);
    CHECK(*try_duration_ns("0") == 0);
    for (const char* text : {"", "s", "-1s", "1.5", "1d", "1m30", "1s x", "1e9s", "99999999999h",
                             "18446744073709551615"}) {
      CAPTURE(text);
      CHECK_FALSE(try_duration_ns(text).ok());
    }
  }

  TEST_CASE("a number behind the range of this version is told from a wrong one") {
    const Option& threads = *find_option("worker.threads");
    CHECK(check_value(threads, "k", "1").ok());
    CHECK(check_value(threads, "k", "2").error().status == QTAP_ERR_UNSUPPORTED);
    const Option& shards = *find_option("capture.shards");
    CHECK(check_value(shards, "k", "64").ok());
    CHECK(check_value(shards, "k", "65").error().text == "k: 65 is above the maximum 64");
    CHECK(check_value(shards, "k", "0").error().text == "k: 0 is below the minimum 1");
    CHECK(check_value(shards, "k", "one").error().text ==
          "k: expected a whole number, got \"one\"");
    CHECK(check_value(*find_option("ids.seed"), "k", "18446744073709551615").ok());
  }

  TEST_CASE("a long or odd word is cut and stays on one line") {
    const std::string text = quoted("a\nb" + std::string(100, 'x'));
    CHECK(text.starts_with("\"a?b"));
    CHECK(text.ends_with("...\""));
    CHECK(text.size() < 80);
  }

  TEST_CASE("a key that differs by type has a row for each") {
    const std::string_view key = "stacks.*.plugins[].config.format";
    CHECK(std::string(find_option(key, "http_capture")->default_text) == "json");
    CHECK(std::string(find_option(key, "access_logs")->default_text) == "console");
    CHECK(find_option(key, "report_usage") == nullptr);
  }

  TEST_CASE("suggestions are at most two edits away") {
    CHECK(edit_distance("level", "levl", 2) == 1);
    CHECK(edit_distance("abc", "cba", 2) == 2);
    CHECK(nearest("mian", {"main", "maintenance"}) == "main");
    CHECK(nearest("xyz", {"main"}).empty());
    CHECK(nearest("ab", {"cd"}).empty());
  }
}
