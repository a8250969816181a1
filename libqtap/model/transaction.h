// SPDX-License-Identifier: Apache-2.0
// A transaction: one request and the response to it. Immutable once handed out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "http/exchange.h"
#include "model/body_chunk.h"
#include "model/connection.h"
#include "model/decoded_body.h"
#include "model/stream_message.h"
#include "model/text_pool.h"

namespace qtap {

// What a plugin wrote for this transaction.
struct StoredObject {
  std::string type;
  std::string digest;
  std::string url;  // where the first object store will put it; empty = no store
};

struct Transaction : http::Exchange {
  std::string id;  // 20 characters [0-9a-v]
  Ref<Connection> connection;
  L7Protocol protocol = L7Protocol::kHttp1;
  CaptureLevel level = CaptureLevel::kFull;  // of its process when it ended

  std::string scheme;     // "http", "https"
  std::string authority;  // Host, else the target's, else the endpoint
  std::string path;       // with query
  std::string url;        // with query, without user info

  Ref<Messages> messages;  // gRPC, server-sent events, WebSocket over HTTP/2; else null

  std::array<BodyFlow, 2> body_flows;  // by MessageKind; while it is in transfer
  Ref<Transaction> head;               // of itself, for the host; while it is in transfer
  TextPool texts;                      // of fields that had to be worked out (model/field_table.h)
  Ref<Decoding> decoding;              // of its session
  DecodedBodies decoded;

  // Sum over both messages; nullopt if either is not known.
  std::optional<uint64_t> missing_bytes() const;
  // First request byte to last response byte, µs; nullopt without a response.
  std::optional<uint64_t> duration_us() const;
  // First to last request byte, µs; nullopt: the end was not seen.
  std::optional<uint64_t> request_us() const;
  // First request byte to the end of the first message of that part, µs.
  std::optional<uint64_t> first_message_us(MessageKind part) const;
  // First request byte to first response byte, µs.
  std::optional<uint64_t> ttfb_us() const;
};

constexpr L7Protocol l7_protocol(http::Protocol protocol) {
  return protocol == http::Protocol::kHttp2 ? L7Protocol::kHttp2 : L7Protocol::kHttp1;
}
// A body without its content codings. For the pipeline, on the shard's thread: until the stack of
// plugins is done.
const DecodedBody& decoded_body(const Transaction& tx, MessageKind kind);
// The same for whoever holds the transaction, as long as that lives. Any thread.
const DecodedBody& lend_decoded_body(const Transaction& tx, MessageKind kind);

// "user:password@host" → "host": user information never leaves the message itself.
std::string_view without_user_info(std::string_view authority);

// Fills scheme, authority, path and url from the request line, the Host header and the connection.
void resolve_url(Transaction& tx);
// Whether the authority is that of the request line or the Host header, not of the connection.
bool names_authority(const Transaction& tx);

}  // namespace qtap
