// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace qtap {
namespace {

char lower_char(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

void put_digits(char* at, int count, unsigned number) {
  for (int i = count - 1; i >= 0; --i, number /= 10) at[i] = static_cast<char>('0' + number % 10);
}

template <typename... Args>
std::string print(const char* format, Args... args) {
  char text[64];
  const int len = std::snprintf(text, sizeof text, format, args...);
  return std::string(text,
                     static_cast<size_t>(std::clamp(len, 0, static_cast<int>(sizeof text) - 1)));
}

}  // namespace

// Each event has three of them: printf and gmtime_r took a tenth of its time.
std::string rfc3339(int64_t unix_ns) {
  int64_t seconds = unix_ns / 1'000'000'000;
  int64_t ns = unix_ns % 1'000'000'000;
  if (ns < 0) {
    ns += 1'000'000'000;
    --seconds;
  }
  using std::chrono::sys_seconds;
  const auto day =
      std::chrono::floor<std::chrono::days>(sys_seconds(std::chrono::seconds(seconds)));
  const std::chrono::year_month_day date(day);
  const auto in_day = static_cast<unsigned>(seconds - day.time_since_epoch().count() * 86'400);
  // The nanoseconds of an int64 are in the years 1677 to 2262.
  std::string text = "0000-00-00T00:00:00.000000000Z";
  put_digits(&text[0], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(&text[5], 2, static_cast<unsigned>(date.month()));
  put_digits(&text[8], 2, static_cast<unsigned>(date.day()));
  put_digits(&text[11], 2, in_day / 3600);
  put_digits(&text[14], 2, in_day / 60 % 60);
  put_digits(&text[17], 2, in_day % 60);
  put_digits(&text[20], 9, static_cast<unsigned>(ns));
  return text;
}

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1024) return print("%u B", static_cast<unsigned>(bytes));
  const char* units[] = {"KB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(units)) {  // would print as 1024.0
    value /= 1024;
    ++unit;
  }
  return print("%.1f %s", value, units[unit]);
}

std::string human_us(uint64_t us) {
  if (us < 1000) return print("%u µs", static_cast<unsigned>(us));
  if (us < 1'000'000) return print("%u ms", static_cast<unsigned>(us / 1000));
  return print("%.1f s", static_cast<double>(us) / 1e6);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower_char);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  // What differs mostly does at once, also but for the case.
  if (!a.empty() && ((a.front() ^ b.front()) & ~0x20) != 0) return false;
  return std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return lower_char(x) == lower_char(y); });
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  host = host.substr(0, host.find(':'));
  if (host == "localhost") return true;
  // 127.example.com is a name.
  return host.starts_with("127.") &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string_view base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::vector<std::string_view> split_words(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, comma);
    const size_t first = word.find_first_not_of(kBlanks);
    if (first != std::string_view::npos) {
      words.push_back(word.substr(first, word.find_last_not_of(kBlanks) - first + 1));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

}  // namespace qtap
