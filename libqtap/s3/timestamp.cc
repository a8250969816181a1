// SPDX-License-Identifier: Apache-2.0
#include "s3/timestamp.h"

#include <algorithm>
#include <chrono>

namespace qtap::s3 {
namespace {

// Reads digits and separators from the front; what does not fit is remembered.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(size_t count) {
    int value = 0;
    if (rest_.size() < count) return fail();
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!skip(c)) fail();
  }
  bool at_digit() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
  int fail() {
    failed_ = true;
    return 0;
  }
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

int offset_s(Reader& reader) {
  if (reader.skip('Z') || reader.skip('z')) return 0;
  const bool is_west = reader.skip('-');
  if (!is_west) reader.need('+');
  const int hours = reader.digits(2);
  reader.skip(':');
  const int minutes = reader.digits(2);
  if (hours > 23 || minutes > 59) reader.fail();
  return (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

// `count` digits from `at` on; no printf, which takes longer than the HMAC.
void put(std::string& text, size_t at, size_t count, unsigned value) {
  for (size_t i = count; i-- > 0; value /= 10) text[at + i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string amz_date(int64_t unix_s) {
  using namespace std::chrono;
  const sys_seconds time{seconds(std::clamp(unix_s, kFirstSecond, kLastSecond))};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::string text = "00000000T000000Z";
  put(text, 0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(text, 4, 2, static_cast<unsigned>(date.month()));
  put(text, 6, 2, static_cast<unsigned>(date.day()));
  put(text, 9, 2, static_cast<unsigned>(clock.hours().count()));
  put(text, 11, 2, static_cast<unsigned>(clock.minutes().count()));
  put(text, 13, 2, static_cast<unsigned>(clock.seconds().count()));
  return text;
}

std::optional<int64_t> parse_time(std::string_view text) {
  using namespace std::chrono;
  Reader reader(text);
  const year y{reader.digits(4)};
  const bool is_extended = reader.skip('-');
  const month m{static_cast<unsigned>(reader.digits(2))};
  if (is_extended) reader.need('-');
  const day d{static_cast<unsigned>(reader.digits(2))};
  if (!reader.skip('T') && !reader.skip('t')) reader.need(' ');
  const int hour = reader.digits(2);
  if (is_extended) reader.need(':');
  const int minute = reader.digits(2);
  if (is_extended) reader.need(':');
  const int second = reader.digits(2);
  if (reader.skip('.')) {
    reader.digits(1);
    while (reader.at_digit()) reader.digits(1);
  }
  const int offset = offset_s(reader);
  const year_month_day date(y, m, d);
  if (!reader.complete() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  const sys_seconds time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return time.time_since_epoch().count() - offset;
}

}  // namespace qtap::s3
