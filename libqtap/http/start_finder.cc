// SPDX-License-Identifier: Apache-2.0
#include "http/start_finder.h"

#include <algorithm>
#include <utility>

namespace qtap::http {
namespace {

// A start line that is longer is not searched for; servers in use refuse them from 8 KiB on
// (nginx large_client_header_buffers, Apache LimitRequestLine).
constexpr size_t kMaxLine = 16u << 10;
// More than the longest method and a space: enough to tell what a stream begins with.
constexpr size_t kFirstBytes = 16;

}  // namespace

size_t StartFinder::add(int64_t time_ns, std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && !has_found()) {
    const std::string_view rest = bytes.substr(used);
    used += at_stream_start_ ? add_first(time_ns, rest) : add_lines(time_ns, rest);
  }
  return used;
}

size_t StartFinder::add_first(int64_t time_ns, std::string_view bytes) {
  const std::string_view first = bytes.substr(0, kFirstBytes);
  line_.append(time_ns, first);
  const StartLine start = start_of(line_.view());
  at_stream_start_ = start == StartLine::kNeedMore;
  if (at_stream_start_) return first.size();
  if (start != StartLine::kNone && (wanted_ == StartLine::kNone || wanted_ == start)) {
    found_ = start;
    return first.size();
  }
  // The middle of something. A line may end already in these bytes.
  const TimedBytes seen = std::exchange(line_, TimedBytes());
  seen.for_each([this](int64_t piece_ns, std::string_view piece) {
    while (!piece.empty() && !has_found()) piece.remove_prefix(add_lines(piece_ns, piece));
    line_.append(piece_ns, piece);
  });
  return first.size();
}

// Up to the end of one line.
size_t StartFinder::add_lines(int64_t time_ns, std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const bool is_whole = end != std::string_view::npos;
  const size_t used = is_whole ? end + 1 : bytes.size();
  line_.append(time_ns, bytes.substr(0, used));
  if (line_.size() > 2 * kMaxLine || (is_whole && line_.size() > kMaxLine)) {
    line_.drop_front(line_.size() - kMaxLine);
    is_line_cut_ = true;
  }
  if (is_whole && !find_in_line()) {
    line_.clear();
    is_line_cut_ = after_loss_ = false;
  }
  return used;
}

bool StartFinder::find_in_line() {
  const std::string_view line = line_.view().substr(0, line_.size() - 1);
  for (const StartLine kind : {StartLine::kResponse, StartLine::kRequest}) {
    if (wanted_ != StartLine::kNone && wanted_ != kind) continue;
    const size_t at = find_start_line(line, kind);
    if (at == std::string_view::npos || (at == 0 && is_line_cut_)) continue;
    if (at == 0 && after_loss_ && kind == StartLine::kRequest && may_be_cut(line)) continue;
    line_.drop_front(at);
    found_ = kind;
    return true;
  }
  return false;
}

void StartFinder::lose() {
  line_.clear();
  found_ = StartLine::kNone;
  at_stream_start_ = is_line_cut_ = false;
  after_loss_ = true;
}

TimedBytes StartFinder::take() {
  found_ = StartLine::kNone;
  at_stream_start_ = is_line_cut_ = after_loss_ = false;
  return std::exchange(line_, TimedBytes());
}

}  // namespace qtap::http
