// SPDX-License-Identifier: Apache-2.0
#include "http/auto_parser.h"

#include <utility>

#include "http/detect.h"

namespace qtap::http {
namespace {

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

AutoParser::AutoParser(StreamStart start, const ParserLimits& limits, ParserEvents& events,
                       std::optional<Direction> client)
    : limits_(limits), events_(events), client_(client), start_(start) {}

void AutoParser::data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (parser_) return parser_->data(direction, time_ns, bytes);
  if (gave_up_) return;
  now_ns_ = time_ns;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  seen_[index(direction)] += text.size();
  start_ == StreamStart::kAnywhere ? look_anywhere(direction, time_ns, text)
                                   : look_at_start(direction, time_ns, text);
}

void AutoParser::look_anywhere(Direction direction, int64_t time_ns, std::string_view bytes) {
  if (late_.add(direction, time_ns, bytes)) begin(late_.found(), late_.take());
}

void AutoParser::look_at_start(Direction direction, int64_t time_ns, std::string_view bytes) {
  TimedBytes& first = first_[index(direction)];
  first.append(time_ns, bytes);
  const Speaks found = speaks(bytes_of(first_[0].view()), bytes_of(first_[1].view()));
  if (found == Speaks::kNeedMore && first.size() <= kMaxUndetected) return;
  const bool is_http = found != Speaks::kNeedMore && found != Speaks::kOther;
  is_http ? begin(found, std::exchange(first_, {})) : give_up();
}

// `first` ends with the last byte that came.
void AutoParser::begin(Speaks found, std::array<TimedBytes, 2> first) {
  found_ = found == Speaks::kHttp1 ? Protocol::kHttp1 : Protocol::kHttp2;
  if (found == Speaks::kHttp1) {
    const bool at_start = start_ == StreamStart::kFirstByte;
    parser_ = make_http1_parser(limits_, events_, at_start ? client_ : std::nullopt);
  } else {
    const bool at_start = found == Speaks::kHttp2;
    parser_ = make_http2_parser(at_start ? StreamStart::kFirstByte : StreamStart::kAnywhere,
                                limits_, events_);
  }
  parser_->keep_bodies(keeps_bodies_);
  for (size_t d = 0; d < first.size(); ++d) {
    if (found == Speaks::kHttp2) break;  // whatever was before, there it begins
    const uint64_t before = seen_[d] - first[d].size();
    if (before > 0) parser_->gap(direction_at(d), now_ns_, before);
  }
  first_ = {};
  late_ = {};
  TimedBytes::for_each_in_time(first, [&](size_t d, int64_t time_ns, std::string_view piece) {
    parser_->data(direction_at(d), time_ns, bytes_of(piece));
  });
}

void AutoParser::give_up() {
  first_ = {};
  gave_up_ = true;
  events_.on_parse_error({.reason = "no HTTP"});
}

// What comes now does not follow what came before.
void AutoParser::lose(Direction direction, int64_t time_ns, uint64_t len) {
  now_ns_ = time_ns;
  seen_[index(direction)] += len;
  late_.lose(direction);
  if (start_ == StreamStart::kAnywhere) return;
  start_ = StreamStart::kAnywhere;
  const Direction other = opposite(direction);
  const std::array<TimedBytes, 2> first = std::exchange(first_, {});
  first[index(other)].for_each([&](int64_t piece_ns, std::string_view piece) {
    if (parser_) return parser_->data(other, piece_ns, bytes_of(piece));
    look_anywhere(other, piece_ns, piece);
  });
}

void AutoParser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->gap(direction, time_ns, len) : lose(direction, time_ns, len);
}

void AutoParser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->left_out(direction, time_ns, len) : lose(direction, time_ns, len);
}

void AutoParser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->skipped(direction, time_ns, len) : lose(direction, time_ns, len);
}

void AutoParser::keep_bodies(bool keep) {
  keeps_bodies_ = keep;
  if (parser_) parser_->keep_bodies(keep);
}

uint64_t AutoParser::unwanted(Direction direction) const {
  return parser_ ? parser_->unwanted(direction) : 0;
}

void AutoParser::close(int64_t time_ns, Truncation reason) {
  if (parser_) return parser_->close(time_ns, reason);
  if (first_[0].size() + first_[1].size() > 0) give_up();  // it never was proven
}

void AutoParser::abandon(Truncation reason) {
  if (parser_) parser_->abandon(reason);
}

int64_t AutoParser::pending_since_ns() const {
  return parser_ ? parser_->pending_since_ns() : 0;
}

}  // namespace qtap::http
