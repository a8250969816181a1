// SPDX-License-Identifier: Apache-2.0
// HTTP/1 as an observer reads it: two sides, and which response answers which request.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <string>

#include "proto/http1_side.h"

namespace qtap::proto {

class Http1Parser final : public Parser, private Http1Side::Events {
 public:
  Http1Parser(const ParserLimits& limits, ParserEvents& events);

  L7Protocol protocol() const override { return L7Protocol::kHttp1; }
  void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) override;
  void gap(Direction direction, int64_t time_ns, uint64_t len) override;
  void close(int64_t time_ns, http::Truncation reason) override;
  int64_t pending_since_ns() const override { return exchanges_.empty() ? 0 : last_ns_; }

 private:
  // A request on its way to its response.
  struct Exchange {
    Ref<Transaction> tx;
    bool request_done = false;
    bool response_begun = false;
    bool response_done = false;
  };

  bool assign_sides(Direction direction, std::string_view bytes);
  void emit_done();
  void give_up(Exchange& exchange, http::Truncation reason);
  void lose_responses();

  http::Message& on_message_begin(Http1Side& side) override;
  Http1Side::Body on_head(Http1Side& side) override;
  void on_message_end(Http1Side& side) override;
  void on_upgrade(Http1Side& side) override;
  void on_side_error() override { events_.on_parse_error(); }
  void on_side_limit() override { events_.on_limit(); }

  Http1Side::Body on_request_head();
  Http1Side::Body on_response_head();
  void on_request_end();
  void on_response_end();

  const ParserLimits limits_;
  ParserEvents& events_;
  Http1Side requests_;
  Http1Side responses_;
  bool assigned_ = false;
  Direction request_direction_ = Direction::kSent;
  std::array<std::string, 2> unassigned_;
  int64_t last_ns_ = 0;

  std::deque<std::unique_ptr<Exchange>> exchanges_;  // in the order of the requests
  Exchange* open_request_ = nullptr;   // its request is being read
  Exchange* open_response_ = nullptr;  // its response is being read
  http::Request request_;              // until its head is complete
  http::Response response_;            // until it is known whose it is; those of nobody stay here
  // Responses that may still come for requests that were given up: who they answer cannot be known.
  size_t strays_ = 0;
};

}  // namespace qtap::proto
