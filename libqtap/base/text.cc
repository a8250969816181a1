// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <time.h>

#include <algorithm>
#include <cstdio>

namespace qtap {
namespace {

char lower_char(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

template <typename... Args>
std::string print(const char* format, Args... args) {
  char text[64];
  const int len = std::snprintf(text, sizeof text, format, args...);
  return std::string(text,
                     static_cast<size_t>(std::clamp(len, 0, static_cast<int>(sizeof text) - 1)));
}

}  // namespace

std::string rfc3339(int64_t unix_ns) {
  int64_t seconds = unix_ns / 1'000'000'000;
  int64_t ns = unix_ns % 1'000'000'000;
  if (ns < 0) {
    ns += 1'000'000'000;
    --seconds;
  }
  const time_t time = seconds;
  tm utc = {};
  ::gmtime_r(&time, &utc);
  return print("%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(ns));
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
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return lower_char(x) == lower_char(y);
         });
}

std::string_view base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace qtap
