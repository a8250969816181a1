// SPDX-License-Identifier: Apache-2.0
// HTTP/2 as an observer reads it: each stream is a transaction. The protocol is
// http/h2_connection.h; this keeps the messages, and says of each what is missing.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string_view>

#include "http/h2_connection.h"
#include "proto/parser.h"

namespace qtap::proto {

class Http2Parser final : public Parser, private http::H2Events {
 public:
  Http2Parser(StreamStart start, const ParserLimits& limits, ParserEvents& events);

  // Before any byte: the request of this transaction was answered by 101 and is stream 1.
  // `settings`: the payload of its HTTP2-Settings.
  void upgrade(Direction client, Ref<Transaction> tx, std::string_view settings);

  L7Protocol protocol() const override { return L7Protocol::kHttp2; }
  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override;
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override;
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override;
  void keep_bodies(bool keep) override { keeps_bodies_ = keep; }
  uint64_t unwanted(Direction direction) const override;
  void close(int64_t time_ns, http::Truncation reason) override;
  void abandon(http::Truncation reason) override;
  int64_t pending_since_ns() const override { return exchanges_.empty() ? 0 : last_ns_; }

 private:
  struct Exchange {
    Ref<Transaction> tx;
    const http::H2Stream* stream = nullptr;
    http::Truncation answer_lost = http::Truncation::kNone;  // a loss came before its head
    uint64_t wire_before = 0;                                // of the request, before the upgrade
  };

  void on_client(unsigned direction) override;
  void on_request(http::H2Stream& stream, http::H2Head&& head) override;
  void on_response(http::H2Stream& stream, http::H2Head&& head) override;
  void on_trailers(http::H2Stream& stream, http::H2Part part, http::H2Head&& head) override;
  void on_body(http::H2Stream& stream, http::H2Part part, std::string_view bytes) override;
  void on_body_missing(http::H2Stream& stream, http::H2Part part, uint64_t len) override;
  void on_lost(http::H2Stream& stream, http::H2Part part) override;
  void on_part_end(http::H2Stream& stream, http::H2Part part) override;
  void on_stream_end(http::H2Stream& stream, http::H2Ending ending, http::H2Error code) override;
  void on_error(unsigned direction, http::H2Verdict verdict) override;
  void on_limit() override { events_.on_limit(); }

  void lose(Direction direction, int64_t time_ns, uint64_t len, http::Truncation reason);
  void begin_message(http::Message& message, http::H2Head& head);
  void keep_body(http::Message& message, const http::H2Half& half, std::string_view bytes);
  bool is_cut(const http::Message& message, const http::H2Half& half) const;
  Direction direction_of(const http::H2Stream& stream, http::H2Part part) const;
  void cut_short(Exchange& exchange, http::H2Part part, http::Truncation reason);
  void tell_body_end(Exchange& exchange, http::H2Part part);
  void finish(Exchange& exchange, http::Truncation reason);

  const ParserLimits limits_;
  ParserEvents& events_;
  http::H2Connection connection_;
  std::map<uint32_t, Exchange> exchanges_;  // by stream
  Direction client_ = Direction::kSent;
  // By direction: why frames of it are missing, the last time that some were.
  std::array<http::Truncation, 2> loss_;
  bool is_skipping_ = false;  // bytes that are missing were not wanted
  bool keeps_bodies_ = true;
  int64_t last_ns_ = 0;
};

}  // namespace qtap::proto
