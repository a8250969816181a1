// SPDX-License-Identifier: Apache-2.0
// In: plain-text bytes and gaps of both directions of one connection. Out: exchanges, by
// ParserEvents. Owned by whoever feeds it, on one thread. It does not keep the bytes that it is
// shown. What it cannot use is told; an error of a peer never throws and never stops the reading.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/exchange.h"

namespace qtap::http {

struct ParserLimits {
  uint64_t body_buffer = 2u << 20;     // of each body are kept
  uint64_t header_bytes = 256u << 10;  // of each head are kept
  uint32_t pipelined_requests = 1000;  // HTTP/2: open streams
  uint32_t tunnels = 4;                // CONNECT inside of CONNECT; beyond, nothing is read
  bool tells_bodies = false;           // on_body() and on_body_end() are wanted
  bool may_skip_bodies = false;        // but not of what unwanted() can name

  bool wants_bodies() const { return body_buffer > 0 || (tells_bodies && !may_skip_bodies); }
};

// Where a peer broke the rules.
struct ParseError {
  Direction direction = Direction::kSent;
  uint64_t offset = 0;      // in that direction: where reading stopped; HTTP/2: of the frame
  uint32_t stream = 0;      // HTTP/2: the stream that it ends; 0: it ends more than one
  const char* reason = "";  // what is wrong; lives forever
};

class Parser;

// What a parser tells its owner. All calls come from inside of data(), gap() or close().
class ParserEvents {
 public:
  virtual ~ParserEvents();
  // A request begins: the room for it.
  virtual Ref<Exchange> make_exchange() { return Ref<Exchange>::make(); }
  // An exchange is over: complete, or given up and marked truncated. The last event of it.
  virtual void on_exchange(Ref<Exchange> exchange) = 0;
  // A head is complete.
  virtual void on_request_head(Exchange& exchange) = 0;
  virtual void on_response_head(Exchange& /*exchange*/) {}
  // This direction asks, the other one answers.
  virtual void on_client(Direction client) = 0;
  // Only with ParserLimits::tells_bodies. Bytes of a body, before the message keeps them.
  virtual void on_body(Exchange& /*exchange*/, const BodyPiece& /*piece*/) {}
  // The same body has ended, or was cut short; before on_exchange().
  virtual void on_body_end(Exchange& /*exchange*/, const BodyEnd& /*end*/) {}
  // The connection goes on with another protocol.
  virtual void on_protocol(Protocol /*protocol*/) {}
  // Behind the 101 that ends `exchange`, another protocol follows: who reads it; null: nobody.
  virtual std::unique_ptr<Parser> make_next(const Ref<Exchange>& exchange, Direction client);
  virtual void on_parse_error(const ParseError& error) = 0;
  virtual void on_limit() = 0;
};

class Parser {
 public:
  virtual ~Parser() = default;
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
  virtual void close(int64_t time_ns, Truncation reason) = 0;
  // An exception came out of one of these (there was no memory), so that bytes are missing in what
  // is unfinished: it is handed out as far as it came, marked with this reason. The last call.
  virtual void abandon(Truncation reason) = 0;
  // Time of the last byte while an exchange is unfinished; 0 = nothing is pending.
  virtual int64_t pending_since_ns() const = 0;
};

// Whether the first bytes that are seen are the first of the connection.
enum class StreamStart : uint8_t { kFirstByte, kAnywhere };

// `client`: the direction that asks, when that is known and the first bytes are the first of the
// connection. Without it, a direction is passed over up to its first start line.
std::unique_ptr<Parser> make_http1_parser(const ParserLimits& limits, ParserEvents& events,
                                          std::optional<Direction> client = {});
// kFirstByte: the client sends the preface.
std::unique_ptr<Parser> make_http2_parser(StreamStart start, const ParserLimits& limits,
                                          ParserEvents& events);

}  // namespace qtap::http
