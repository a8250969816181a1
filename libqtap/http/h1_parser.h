// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as an observer reads it: finds out who asks, reads both sides, joins them to transactions.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "http/h1_pairing.h"
#include "http/h1_side.h"

namespace qtap::http {

class H1Parser final : public Parser, private H1Side::Events {
 public:
  H1Parser(const ParserLimits& limits, ParserEvents& events, std::optional<Direction> client = {});
  // Where in each direction of the connection it begins: errors say where they are in that.
  void begin_at(const std::array<uint64_t, 2>& offsets) { begins_ = offsets; }

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
  void lose(Direction direction, int64_t time_ns, uint64_t len, Truncation reason);
  void assign_sides(Direction direction);

  Message& on_message_begin(H1Side& side) override;
  H1Side::Body on_head(H1Side& side) override;
  void on_body(H1Side& side, uint64_t offset, std::string_view bytes) override;
  void on_message_end(H1Side& side) override;
  void on_tunnelled(H1Side& side, int64_t time_ns, std::string_view bytes) override;
  void on_side_error(H1Side& side, uint64_t offset, const char* reason) override;
  void on_side_limit() override { events_.on_limit(); }

  void take_request();
  void take_response();
  H1Side::Body response_body() const;
  void on_request_end();
  void on_response_end();
  void hand_over(PendingExchange& answered);
  void open_tunnel();
  std::array<uint64_t, 2> next_begins() const;
  void tell_body_end(const H1Side& side, Exchange* tx);
  Direction direction_of(const H1Side& side) const {
    return side.is_response() ? opposite(request_direction_) : request_direction_;
  }

  const ParserLimits limits_;
  ParserEvents& events_;
  H1Side requests_;
  H1Side responses_;
  H1Pairing pairing_;
  bool assigned_ = false;
  bool keeps_bodies_ = true;
  Direction request_direction_ = Direction::kSent;
  std::array<StartFinder, 2> unassigned_;  // by Direction
  std::array<uint64_t, 2> passed_ = {};    // bytes of each before the sides were known
  std::array<uint64_t, 2> begins_ = {};
  int64_t last_ns_ = 0;
  std::unique_ptr<Parser> next_;  // what comes after an upgrade

  Ref<Exchange> opening_;                     // until its request's head is complete
  PendingExchange* open_request_ = nullptr;   // its request is being read
  PendingExchange* open_response_ = nullptr;  // its response is being read
  Response response_;  // until it is known whose it is; those of nobody stay here
  // Since the last final response; those behind which responses may be missing are of nobody.
  Interims interims_;
  int status_ = 0;  // of the response at hand
  bool has_response_head_ = false;
};

}  // namespace qtap::http
