// SPDX-License-Identifier: Apache-2.0
// Finds out which HTTP a connection speaks, and has that parser read it.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "base/timed_bytes.h"
#include "http/detect.h"
#include "http/late_start.h"
#include "http/parser.h"

namespace qtap::http {

// Until it knows, it keeps what came, up to kMaxUndetected bytes of a direction. What is proven to
// be no HTTP is told once by on_parse_error; of a connection that was joined late, it is passed
// over, and what comes next is looked at anew.
class AutoParser final : public Parser {
 public:
  // A start line or a preface is proven within its first bytes; this is far more.
  static constexpr size_t kMaxUndetected = 64u << 10;

  AutoParser(StreamStart start, const ParserLimits& limits, ParserEvents& events,
             std::optional<Direction> client = {});

  // What the connection began with.
  std::optional<Protocol> found() const { return found_; }
  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override;
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override;
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override;
  void keep_bodies(bool keep) override;
  uint64_t unwanted(Direction direction) const override;
  void close(int64_t time_ns, Truncation reason) override;
  void abandon(Truncation reason) override;
  int64_t pending_since_ns() const override;

 private:
  void look_at_start(Direction direction, int64_t time_ns, std::string_view bytes);
  void look_anywhere(Direction direction, int64_t time_ns, std::string_view bytes);
  void begin(Speaks found, std::array<TimedBytes, 2> first);
  void lose(Direction direction, int64_t time_ns, uint64_t len);
  void give_up();

  const ParserLimits limits_;
  ParserEvents& events_;
  const std::optional<Direction> client_;
  StreamStart start_;
  bool keeps_bodies_ = true;
  std::optional<Protocol> found_;
  bool gave_up_ = false;
  int64_t now_ns_ = 0;
  std::array<TimedBytes, 2> first_;    // by Direction; where start_ is kFirstByte
  std::array<uint64_t, 2> seen_ = {};  // bytes so far, gaps included
  LateStart late_;                     // where start_ is kAnywhere
  std::unique_ptr<Parser> parser_;
};

}  // namespace qtap::http
