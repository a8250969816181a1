// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as an observer reads it: finds out who asks, reads both sides, joins them to transactions.
#pragma once

#include <array>
#include <memory>

#include "proto/http1_side.h"
#include "proto/pairing.h"

namespace qtap::proto {

class Http1Parser final : public Parser, private Http1Side::Events {
 public:
  Http1Parser(const ParserLimits& limits, ParserEvents& events);

  L7Protocol protocol() const override { return L7Protocol::kHttp1; }
  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override;
  void left_out(Direction direction, int64_t time_ns, uint64_t len) override;
  void skipped(Direction direction, int64_t time_ns, uint64_t len) override;
  void keep_bodies(bool keep) override;
  uint64_t unwanted(Direction direction) const override;
  void close(int64_t time_ns, http::Truncation reason) override;
  void abandon(http::Truncation reason) override;
  int64_t pending_since_ns() const override;

 private:
  void lose(Direction direction, int64_t time_ns, uint64_t len, http::Truncation reason);
  void assign_sides(Direction direction);

  http::Message& on_message_begin(Http1Side& side) override;
  Http1Side::Body on_head(Http1Side& side) override;
  void on_body(Http1Side& side, uint64_t offset, std::string_view bytes) override;
  void on_message_end(Http1Side& side) override;
  void on_tunnelled(Http1Side& side, int64_t time_ns, std::string_view bytes) override;
  void on_side_error(Http1Side& side) override;
  void on_side_limit() override { events_.on_limit(); }

  void take_request();
  void take_response();
  Http1Side::Body response_body() const;
  void on_request_end();
  void on_response_end();
  void hand_over(Exchange& answered);
  void tell_body_end(const Http1Side& side, Transaction* tx);
  Direction direction_of(const Http1Side& side) const {
    return side.is_response() ? opposite(request_direction_) : request_direction_;
  }

  const ParserLimits limits_;
  ParserEvents& events_;
  Http1Side requests_;
  Http1Side responses_;
  Pairing pairing_;
  bool assigned_ = false;
  bool keeps_bodies_ = true;
  Direction request_direction_ = Direction::kSent;
  std::array<StartFinder, 2> unassigned_;  // by Direction
  int64_t last_ns_ = 0;
  std::unique_ptr<Parser> next_;  // what comes after an upgrade

  Ref<Transaction> opening_;           // until its request's head is complete
  Exchange* open_request_ = nullptr;   // its request is being read
  Exchange* open_response_ = nullptr;  // its response is being read
  http::Response response_;            // until it is known whose it is; those of nobody stay here
  int status_ = 0;                     // of the response at hand
  bool has_response_head_ = false;
};

}  // namespace qtap::proto
