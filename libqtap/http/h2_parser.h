// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as an observer reads it: each stream is an exchange. The protocol is
// http/h2_connection.h; this keeps the messages, and says of each what is missing.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "http/h2_connection.h"
#include "http/parser.h"

namespace qtap::http {

class H2Parser final : public Parser, private H2Events {
 public:
  H2Parser(StreamStart start, const ParserLimits& limits, ParserEvents& events);

  // Where in each direction of the connection it begins: errors say where they are in that.
  void begin_at(const std::array<uint64_t, 2>& offsets) { begins_ = offsets; }

  // Before any byte: the request of this transaction was answered by 101 and is stream 1.
  // `settings`: the payload of its HTTP2-Settings.
  void upgrade(Direction client, Ref<Exchange> tx, std::string_view settings);

  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override;
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override;
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override;
  void keep_bodies(bool keep) override { keeps_bodies_ = keep; }
  uint64_t unwanted(Direction direction) const override;
  void close(int64_t time_ns, Truncation reason) override;
  void abandon(Truncation reason) override;
  int64_t pending_since_ns() const override { return connection_.has_streams() ? last_ns_ : 0; }

 private:
  void on_client(unsigned direction) override;
  void on_request(H2Stream& stream, H2Head&& head) override;
  void on_response(H2Stream& stream, H2Head&& head) override;
  void on_trailers(H2Stream& stream, H2Part part, H2Head&& head) override;
  void on_body(H2Stream& stream, H2Part part, std::string_view bytes) override;
  void on_body_missing(H2Stream& stream, H2Part part, uint64_t len) override;
  void on_lost(H2Stream& stream, H2Part part) override;
  void on_part_end(H2Stream& stream, H2Part part) override;
  void on_stream_end(H2Stream& stream, H2Ending ending, H2Error code) override;
  void on_error(unsigned direction, uint64_t offset, H2Verdict verdict, uint32_t stream) override;
  void on_limit() override { events_.on_limit(); }

  void lose(Direction direction, int64_t time_ns, uint64_t len, Truncation reason);
  void begin_message(Message& message, H2Head& head);
  void keep_body(Message& message, const H2Half& half, std::string_view bytes);
  bool is_cut(const Message& message, const H2Half& half) const;
  Direction direction_of(const H2Stream& stream, H2Part part) const;
  void cut_short(H2Stream& stream, H2Part part, Truncation reason);
  void tell_body_end(H2Stream& stream, H2Part part);
  void finish(H2Stream& stream, Truncation reason);

  const ParserLimits limits_;
  ParserEvents& events_;
  H2Connection connection_;
  Direction client_ = Direction::kSent;
  std::array<uint64_t, 2> begins_ = {};
  // By direction: why frames of it are missing, the last time that some were.
  std::array<Truncation, 2> loss_;
  bool is_skipping_ = false;  // bytes that are missing were not wanted
  bool keeps_bodies_ = true;
  int64_t last_ns_ = 0;
};

}  // namespace qtap::http
