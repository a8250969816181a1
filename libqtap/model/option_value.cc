// SPDX-License-Identifier: Apache-2.0
#include "model/option_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/suggest.h"
#include "base/text.h"

namespace qtap {
namespace {

constexpr double kKiB = 1024;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1000 * kMs;
// Keeps sums and products of what is configured within 63 bits.
constexpr double kMaxNumber = 9e18;
// A value is quoted in an error up to here.
constexpr size_t kMaxQuoted = 64;

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kSizeUnits[] = {
    {"b", 1},
    {"kb", kKiB},
    {"kib", kKiB},
    {"mb", kKiB* kKiB},
    {"mib", kKiB* kKiB},
    {"gb", kKiB* kKiB* kKiB},
    {"gib", kKiB* kKiB* kKiB},
};
constexpr Unit kShareUnits[] = {{"%", 1e7}};
constexpr Unit kTimeUnits[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

// One "<number><unit>" from the beginning of `text`, times the unit's factor.
Result<double> take_quantity(std::string_view& text, std::span<const Unit> units) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  // Not "-1", "inf" or ".5".
  if (failed != std::errc() || text.front() < '0' || text.front() > '9') return Error{};
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const size_t len = std::min(text.find_first_of("0123456789. "), text.size());
  const std::string name = lower(text.substr(0, len));
  text.remove_prefix(len);
  for (const Unit& unit : units) {
    if (unit.name == name) return number * unit.factor;
  }
  return Error{};
}

bool is_whole_number(std::string_view text, uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc() && rest == end;
}

Error bad(MessageId id, std::string_view name, const std::string& what) {
  return {id, QTAP_ERR_INVALID, std::string(name) + ": " + what};
}

std::string size_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"", "kb", "mb", "gb"};
  size_t unit = 0;
  while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + kUnits[unit];
}

std::string duration_text(uint64_t ns) {
  if (ns % (3600 * kSecond) == 0 && ns != 0) return std::to_string(ns / (3600 * kSecond)) + "h";
  if (ns % kSecond == 0) return std::to_string(ns / kSecond) + "s";
  return std::to_string(ns / kMs) + "ms";
}

std::string share_text(uint64_t ns_per_second) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g%%",
                static_cast<double>(ns_per_second) / kShareUnits->factor);
  return text;
}

Status check_range(const Option& option, std::string_view name, std::string_view value,
                   uint64_t number) {
  const bool is_low = number < option.min;
  if (!is_low && number <= option.max) {
    if (number <= option.max_now) return {};
    return not_yet(std::string(name) + ": " + std::string(value));
  }
  return bad("QT101", name,
             std::string(value) + (is_low ? " is below the minimum " : " is above the maximum ") +
                 number_text(option.type, is_low ? option.min : option.max));
}

bool contains(std::string_view words, std::string_view word) {
  const std::vector<std::string_view> all = split_words(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

Status check_word(const Option& option, std::string_view name, std::string_view word) {
  if (contains(option.words, word)) return {};
  if (contains(option.later_words, word)) {
    return not_yet(std::string(name) + ": " + quoted(word));
  }
  return bad("QT102", name,
             quoted(word) + " is not one of " + option.words +
                 did_you_mean(word, split_words(option.words)));
}

Error wrong_type(const Option& option, std::string_view name, std::string_view value) {
  return bad("QT100", name,
             std::string("expected ") + expected_text(option.type) + ", got " + quoted(value));
}

}  // namespace

Error not_yet(const std::string& what) {
  return {"QT103", QTAP_ERR_UNSUPPORTED,
          what + " is not supported in this version (libqtap " QTAP_VERSION ")"};
}

std::string quoted(std::string_view value) {
  const bool is_long = value.size() > kMaxQuoted;
  std::string text = "\"";
  for (const char c : value.substr(0, kMaxQuoted)) {
    text += static_cast<unsigned char>(c) < ' ' ? '?' : c;  // an error is one line
  }
  return text + (is_long ? "...\"" : "\"");
}

std::string number_text(OptionType type, uint64_t number) {
  if (type == OptionType::kSize) return size_text(number);
  if (type == OptionType::kShare) return share_text(number);
  return type == OptionType::kDuration ? duration_text(number) : std::to_string(number);
}

const char* expected_text(OptionType type) {
  switch (type) {
    case OptionType::kBool:
      return "true or false";
    case OptionType::kInt:
      return "a whole number";
    case OptionType::kSize:
      return "a size such as 512kb or 2mb";
    case OptionType::kDuration:
      return "a duration such as 250ms or 1m30s";
    case OptionType::kShare:
      return "a share of one CPU such as 5%, or none";
    case OptionType::kText:
      return "text";
    case OptionType::kPath:
      return "a path";
    case OptionType::kWord:
      return "a word";
    case OptionType::kWords:
      return "a list of words";
    case OptionType::kSecret:
      break;
  }
  return "text or {type: env, value: NAME}";
}

Result<uint64_t> try_size(std::string_view value) {
  if (uint64_t bytes = 0; is_whole_number(value, bytes)) return bytes;
  if (value.empty()) return Error{};
  QTAP_TRY(const double bytes, take_quantity(value, kSizeUnits));
  if (!value.empty() || bytes > kMaxNumber) return Error{};
  return static_cast<uint64_t>(bytes);
}

Result<int64_t> try_duration_ns(std::string_view value) {
  double ns = 0;
  if (uint64_t ms = 0; is_whole_number(value, ms)) {  // config.md 4: a bare number is milliseconds
    ns = static_cast<double>(ms) * static_cast<double>(kMs);
    value = {};
  } else if (value.empty()) {
    return Error{};
  }
  while (!value.empty()) {
    QTAP_TRY(const double part, take_quantity(value, kTimeUnits));
    ns += part;
  }
  if (ns > kMaxNumber) return Error{};
  return static_cast<int64_t>(std::llround(ns));
}

Result<uint64_t> try_share(std::string_view value) {
  if (value == "none") return uint64_t{0};
  if (value.empty()) return Error{};
  QTAP_TRY(const double ns, take_quantity(value, kShareUnits));
  if (!value.empty() || ns > kMaxNumber) return Error{};
  return static_cast<uint64_t>(std::llround(ns));
}

uint64_t parse_share(std::string_view value) {
  const Result<uint64_t> share = try_share(value);
  return share.ok() ? *share : 0;
}

uint64_t parse_size(std::string_view value) {
  const Result<uint64_t> size = try_size(value);
  return size.ok() ? *size : 0;
}

int64_t parse_duration_ns(std::string_view value) {
  const Result<int64_t> ns = try_duration_ns(value);
  return ns.ok() ? *ns : 0;
}

uint64_t parse_number(std::string_view value) {
  uint64_t number = 0;
  return is_whole_number(value, number) ? number : 0;
}

Status check_value(const Option& option, std::string_view name, std::string_view value) {
  switch (option.type) {
    case OptionType::kBool:
      if (value == "true" || value == "false") return {};
      return wrong_type(option, name, value);
    case OptionType::kInt: {
      uint64_t number = 0;
      if (!is_whole_number(value, number)) return wrong_type(option, name, value);
      return check_range(option, name, value, number);
    }
    case OptionType::kSize: {
      const Result<uint64_t> size = try_size(value);
      return size.ok() ? check_range(option, name, value, *size) : wrong_type(option, name, value);
    }
    case OptionType::kDuration: {
      const Result<int64_t> ns = try_duration_ns(value);
      if (!ns.ok()) return wrong_type(option, name, value);
      return check_range(option, name, value, static_cast<uint64_t>(*ns));
    }
    case OptionType::kShare: {
      if (value == "none") return {};
      const Result<uint64_t> share = try_share(value);
      return share.ok() ? check_range(option, name, value, *share)
                        : wrong_type(option, name, value);
    }
    case OptionType::kWord:
      return check_word(option, name, value);
    case OptionType::kWords:
      for (const std::string_view word : split_words(value)) {
        QTAP_CHECK(check_word(option, name, word));
      }
      return {};
    case OptionType::kText:
    case OptionType::kPath:
    case OptionType::kSecret:
      break;
  }
  return {};
}

}  // namespace qtap
