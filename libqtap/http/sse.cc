// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// "event: ", the longest that can stand before a value.
constexpr size_t kLongestName = 7;

// Up to the first CR or LF. By hand: with find_first_of() the whole parser took four times as long.
size_t line_length(std::string_view bytes) {
  size_t len = 0;
  while (len < bytes.size() && bytes[len] != '\n' && bytes[len] != '\r') ++len;
  return len;
}

}  // namespace

SseParser::SseParser(Start start, size_t event_bytes, Events& events)
    : event_bytes_(event_bytes),
      events_(events),
      state_(start == Start::kAtStart ? State::kMark : State::kSeek),
      after_loss_(start == Start::kJoinedLate),
      id_is_exact_(start == Start::kAtStart) {}

void SseParser::data(int64_t time_ns, std::string_view bytes) {
  now_ns_ = time_ns;
  if (!bytes.empty()) in_gap_ = false;
  while (!bytes.empty()) {
    size_t used = 0;
    switch (state_) {
      case State::kMark:
        used = add_mark(bytes);
        break;
      case State::kLine:
        used = add_line(bytes);
        break;
      case State::kSeek:
        used = seek(bytes);
        break;
    }
    bytes.remove_prefix(used);
    position_ += used;
  }
}

void SseParser::gap(int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  now_ns_ = time_ns;
  if (len != kUnknownLength) counters_.missing_bytes += len;
  if (std::exchange(in_gap_, true)) return;  // more of the same gap
  ++counters_.losses;
  const bool had_begun = has_begun();
  if (had_begun) ++counters_.unfinished;
  drop_event();
  line_.clear();
  line_size_ = 0;
  in_comment_ = after_cr_ = line_is_blank_ = false;
  after_loss_ = true;
  id_is_exact_ = false;
  state_ = State::kSeek;
  events_.on_loss(time_ns, had_begun);
}

void SseParser::close() {
  if (has_begun()) ++counters_.unfinished;
  drop_event();
  line_size_ = 0;
}

// 9.2.6: one leading U+FEFF is left out. Bytes that only begin like it are text.
size_t SseParser::add_mark(std::string_view bytes) {
  if (bytes.front() == kByteOrderMark[mark_size_]) {
    if (mark_size_ == 0) {
      first_ns_ = now_ns_;
      begin_ = position_;
    }
    if (++mark_size_ == kByteOrderMark.size()) state_ = State::kLine;
    return 1;
  }
  state_ = State::kLine;
  if (mark_size_ > 0) {
    keep(kByteOrderMark.substr(0, mark_size_));
    line_size_ = mark_size_;
    has_fields_ = true;  // first_ns_ is theirs
  }
  return 0;
}

size_t SseParser::add_line(std::string_view bytes) {
  if (std::exchange(after_cr_, false) && bytes.front() == '\n') return 1;
  const size_t end = line_length(bytes);
  if (end > 0) {
    if (line_size_ == 0) {
      in_comment_ = bytes.front() == ':';
      if (!in_comment_ && !has_fields_) {
        first_ns_ = now_ns_;
        begin_ = position_;
        has_fields_ = true;
      }
    }
    if (!in_comment_) keep(bytes.substr(0, end));
    line_size_ += end;
  }
  if (end == bytes.size()) return end;
  after_cr_ = bytes[end] == '\r';
  end_line();
  return end + 1;
}

// Two line ends behind each other; the first may end a line whose beginning is lost.
size_t SseParser::seek(std::string_view bytes) {
  const char c = bytes.front();
  ++counters_.passed_over_bytes;
  if (std::exchange(after_cr_, false) && c == '\n') return 1;
  const bool is_end = c == '\r' || c == '\n';
  after_cr_ = c == '\r';
  if (is_end && line_is_blank_) state_ = State::kLine;
  line_is_blank_ = is_end;
  return 1;
}

// Room for the longest name, and a byte more, so that a value over the limit is seen to be that.
void SseParser::keep(std::string_view bytes) {
  const size_t most = event_bytes_ + kLongestName + 1;
  line_.append(bytes.substr(0, most - std::min(most, line_.size())));
}

void SseParser::end_line() {
  const bool is_blank = line_size_ == 0;
  if (is_blank) {
    dispatch();
  } else if (in_comment_) {
    ++counters_.comments;
  } else {
    const std::string_view line = line_;
    const size_t colon = line.find(':');
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
  line_size_ = 0;
  in_comment_ = false;
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    add_data(value);
  } else if (name == "event") {
    type_.clear();
    type_ = within_limit(value);
  } else if (name == "id") {
    take_id(value);
  } else if (name == "retry" && line_.size() == line_size_) {
    take_retry(value);
  }
}

// What of a value still fits into the event.
std::string_view SseParser::within_limit(std::string_view value) {
  const size_t kept = type_.size() + data_.size();
  const size_t room = event_bytes_ - std::min(event_bytes_, kept);
  if (value.size() <= room) return value;
  tell_limit();
  return value.substr(0, room);
}

// The last LF is not counted, as it will go: of "data" alone the event has an empty text.
void SseParser::add_data(std::string_view value) {
  data_bytes_ += value.size() + (line_size_ - line_.size()) + 1;
  data_.append(within_limit(value));
  if (type_.size() + data_.size() <= event_bytes_) {
    data_.push_back('\n');
  } else {
    tell_limit();
  }
}

void SseParser::tell_limit() {
  if (!over_limit_) ++counters_.limits;
  over_limit_ = true;
}

// 9.2.6: an id with a NUL is ignored. One that is cut off would be wrong.
void SseParser::take_id(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return;
  if (value.size() > event_bytes_) {
    tell_limit();
    id_is_exact_ = false;
    return;
  }
  id_ = value;
  id_is_exact_ = true;
}

void SseParser::take_retry(std::string_view value) {
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return;
  uint64_t retry_ms = 0;
  for (const char c : value) {
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    const bool fits = retry_ms <= (UINT64_MAX - digit) / 10;
    retry_ms = fits ? retry_ms * 10 + digit : UINT64_MAX;
    if (!fits) break;
  }
  events_.on_retry(now_ns_, retry_ms);
}

void SseParser::dispatch() {
  if (!data_.empty()) {
    SseEvent event;
    event.index = counters_.events++;
    event.type = type_.empty() ? "message" : std::move(type_);
    event.data = std::move(data_);
    if (event.data.ends_with('\n')) event.data.pop_back();
    event.id = id_;
    event.id_is_exact = id_is_exact_;
    event.after_loss = std::exchange(after_loss_, false);
    event.over_limit = over_limit_;
    event.data_bytes = data_bytes_ - 1;
    event.wire_bytes = position_ + 1 - begin_;
    event.first_ns = first_ns_;
    event.last_ns = now_ns_;
    events_.on_event(event);
  }
  drop_event();
}

void SseParser::drop_event() {
  type_.clear();
  data_.clear();
  data_bytes_ = 0;
  has_fields_ = over_limit_ = false;
}

}  // namespace qtap::http
