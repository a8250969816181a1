// SPDX-License-Identifier: Apache-2.0
// A transaction: one request and the response to it. Immutable once handed out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ref.h"
#include "http/message.h"
#include "model/body_chunk.h"
#include "model/connection.h"
#include "model/text_pool.h"

namespace qtap {

// What a plugin wrote for this transaction.
struct StoredObject {
  std::string type;
  std::string digest;
  std::string url;  // where the first object store will put it; empty = no store
};

struct Transaction : RefCounted {
  std::string id;  // 20 characters [0-9a-v]
  Ref<Connection> connection;
  L7Protocol protocol = L7Protocol::kHttp1;
  CaptureLevel level = CaptureLevel::kFull;  // of its process when it ended
  http::Request request;
  http::Response response;

  std::string scheme;     // "http", "https"
  std::string authority;  // Host, else the target's, else the endpoint
  std::string path;       // with query
  std::string url;        // with query, without user info

  std::array<BodyFlow, 2> body_flows;  // by MessageKind; while it is in transfer
  TextPool texts;                      // of fields that had to be worked out (model/field_table.h)

  bool truncated() const { return request.truncated() || response.truncated(); }
  // Sum over both messages; nullopt if either is not known.
  std::optional<uint64_t> missing_bytes() const;
  // First request byte to last response byte, µs; nullopt without a response.
  std::optional<uint64_t> duration_us() const;
  // First request byte to first response byte, µs.
  std::optional<uint64_t> ttfb_us() const;
};

// "user:password@host" → "host": user information never leaves the message itself.
std::string_view without_user_info(std::string_view authority);

// Fills scheme, authority, path and url from the request line, the Host header and the connection.
void resolve_url(Transaction& tx);

}  // namespace qtap
