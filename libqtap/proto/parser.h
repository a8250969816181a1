// SPDX-License-Identifier: Apache-2.0
// In: plain-text bytes and gaps of both directions of one connection. Out: Transaction.
// A parser is owned by its connection (conn/) and called on the shard's thread. It must not keep
// the bytes it is shown. What it cannot use is counted through ParserEvents; a parse error never
// throws and never stops the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "model/transaction.h"

namespace qtap::proto {

struct ParserLimits {
  uint64_t body_buffer = 2u << 20;     // capture.body_buffer, per direction
  uint64_t header_bytes = 256u << 10;  // limits.header_bytes
  uint32_t pipelined_requests = 1000;  // limits.streams_per_connection; HTTP/2: open streams
  bool tells_bodies = false;           // some store takes bodies as they pass
};

// What a parser tells its owner. All calls come from inside data(), gap() or close().
class ParserEvents {
 public:
  virtual ~ParserEvents() = default;
  // A transaction is over (complete, or given up and marked truncated). request, response and
  // protocol are filled; the owner adds id, connection and url.
  virtual void on_transaction(Ref<Transaction> tx) = 0;
  // A request head is complete: the name of the peer may be learnt from its Host header.
  virtual void on_request_head(const http::Request& request) = 0;
  // The local process sends requests (client) or answers them (server): for sockets whose role was
  // not seen.
  virtual void on_role(Role role) = 0;
  // Only with ParserLimits::tells_bodies. Bytes of a body, before the message keeps them.
  virtual void on_body(Transaction& /*tx*/, const BodyPiece& /*piece*/) {}
  // The same body has ended, or was cut short; before on_transaction().
  virtual void on_body_end(Transaction& /*tx*/, const BodyEnd& /*end*/) {}
  // The connection goes on with another protocol than Parser::protocol() said.
  virtual void on_protocol(L7Protocol /*protocol*/) {}
  virtual void on_parse_error() = 0;
  virtual void on_limit() = 0;
};

class Parser {
 public:
  virtual ~Parser() = default;
  virtual L7Protocol protocol() const = 0;
  // Times are nanoseconds since 1970 UTC.
  virtual void data(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) = 0;
  // `len` bytes of that direction are missing here.
  virtual void gap(Direction direction, int64_t time_ns, uint64_t len) = 0;
  // The same of bytes that were left out because their process is over its budget.
  virtual void left_out(Direction direction, int64_t time_ns, uint64_t len) = 0;
  // The same of bytes that unwanted() named: they are not missed.
  virtual void skipped(Direction direction, int64_t time_ns, uint64_t len) = 0;
  // Whether bodies are kept from now on; one that is cut by this is marked. At first they are, up
  // to body_buffer.
  virtual void keep_bodies(bool keep) = 0;
  // How many of the next bytes of that direction are surely body, when no bodies are kept.
  virtual uint64_t unwanted(Direction direction) const = 0;
  // Nothing more will come: kAborted, the connection has ended, which completes a body that lasts
  // until then; any other reason, we stop looking. What is unfinished is handed out as truncated
  // with this reason, or dropped when no request line was seen.
  virtual void close(int64_t time_ns, http::Truncation reason) = 0;
  // An exception came out of one of these (there was no memory), so that bytes are missing in what
  // is unfinished: it is handed out as far as it came, marked with this reason. The last call.
  virtual void abandon(http::Truncation reason) = 0;
  // Time of the last byte while a transaction is unfinished; 0 = nothing is pending.
  virtual int64_t pending_since_ns() const = 0;
};

// kHttp2: its preface was seen. kHttp2Late: frames of a connection that began before.
enum class Detection : uint8_t { kNeedMore, kHttp1, kHttp2, kHttp2Late, kUnknown };

// Whether the first bytes that are seen are the first of the connection.
enum class StreamStart : uint8_t { kFirstByte, kAnywhere };

// What a connection speaks, from the first bytes of each direction (either may be empty). Proof,
// not a guess.
Detection detect(std::span<const uint8_t> sent, std::span<const uint8_t> received,
                 StreamStart start);

std::unique_ptr<Parser> make_http1_parser(const ParserLimits& limits, ParserEvents& events);
// kFirstByte: the client sends the preface.
std::unique_ptr<Parser> make_http2_parser(StreamStart start, const ParserLimits& limits,
                                          ParserEvents& events);

}  // namespace qtap::proto
