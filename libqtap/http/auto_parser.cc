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
  TimedBytes& first = first_[index(direction)];
  first.append(time_ns, text);
  seen_[index(direction)] += text.size();
  if (start_ == StreamStart::kAnywhere && late_.add(direction, time_ns, text)) {
    return begin(Speaks::kHttp1, late_.take());
  }
  look();
  if (!parser_ && first.size() > kMaxUndetected) pass_over();
}

void AutoParser::look() {
  const Speaks found = speaks(bytes_of(first_[0].view()), bytes_of(first_[1].view()), start_);
  if (found == Speaks::kNeedMore) return;
  found == Speaks::kOther ? pass_over() : begin(found, std::exchange(first_, {}));
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
    const uint64_t before = seen_[d] - first[d].size();
    if (before > 0) parser_->gap(direction_at(d), now_ns_, before);
  }
  first_ = {};
  late_ = {};
  TimedBytes::for_each_in_time(first, [&](size_t d, int64_t time_ns, std::string_view piece) {
    parser_->data(direction_at(d), time_ns, bytes_of(piece));
  });
}

void AutoParser::pass_over() {
  first_ = {};
  if (start_ == StreamStart::kAnywhere) return;
  gave_up_ = true;
  events_.on_parse_error({.reason = "no HTTP"});
}

// What comes now does not follow what came before.
void AutoParser::lose(Direction direction, uint64_t len) {
  const size_t d = index(direction);
  first_[d].clear();
  seen_[d] += len;
  if (start_ == StreamStart::kFirstByte) {
    const Direction other = opposite(direction);
    first_[index(other)].for_each(
        [&](int64_t time_ns, std::string_view piece) { late_.add(other, time_ns, piece); });
  }
  late_.lose(direction);
  start_ = StreamStart::kAnywhere;
}

void AutoParser::gap(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->gap(direction, time_ns, len) : lose(direction, len);
}

void AutoParser::left_out(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->left_out(direction, time_ns, len) : lose(direction, len);
}

void AutoParser::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (len == 0) return;
  parser_ ? parser_->skipped(direction, time_ns, len) : lose(direction, len);
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
  if (first_[0].size() + first_[1].size() > 0) pass_over();  // it never was proven
}

void AutoParser::abandon(Truncation reason) {
  if (parser_) parser_->abandon(reason);
}

int64_t AutoParser::pending_since_ns() const {
  return parser_ ? parser_->pending_since_ns() : 0;
}

}  // namespace qtap::http
