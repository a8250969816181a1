// SPDX-License-Identifier: Apache-2.0
// In: bytes and gaps of both directions behind the 2xx that grants a CONNECT (RFC 9110, 9.3.6).
// Out: the exchanges inside, when it is HTTP; all else is passed over. Owned by the H1Parser that
// read the CONNECT, on its thread.
//
// Only the client decides what it is (TunnelStart), so that neither cuts nor which direction comes
// first can change it. What the server sends before that waits.
//
//     state      client                    server                      ends by
//     undecided  TunnelStart               kept, up to kMaxHeld        proof → HTTP, other → passed
//     HTTP       its parser                its parser, what was kept   never
//                                          behind the client's proof
//     passed     dropped                   dropped                     never
// A gap of either side while it is undecided, or more than kMaxHeld: it is passed over, and what is
// over a bound is told by on_limit.
#pragma once

#include <array>
#include <memory>

#include "base/timed_bytes.h"
#include "http/parser.h"
#include "http/tunnel_start.h"

namespace qtap::http {

class TunnelParser final : public Parser {
 public:
  // A server that speaks first says little before it is answered (SMTP, FTP, SSH); this is far
  // more.
  static constexpr size_t kMaxHeld = 64u << 10;

  // `begins`: where in each direction of the connection the tunnel begins.
  TunnelParser(const ParserLimits& limits, ParserEvents& events, Direction client,
               const std::array<uint64_t, 2>& begins)
      : limits_(limits), events_(events), client_(client), begins_(begins) {}

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
  void begin();
  void pass_over();

  const ParserLimits limits_;
  ParserEvents& events_;
  const Direction client_;
  const std::array<uint64_t, 2> begins_;
  bool keeps_bodies_ = true;
  bool is_passed_ = false;
  TunnelStart start_;
  TimedBytes held_;  // of the server
  std::unique_ptr<Parser> parser_;
};

}  // namespace qtap::http
