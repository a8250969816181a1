// SPDX-License-Identifier: Apache-2.0
// In: the body of a message as it was sent and kept. Out: the same without its content codings, and
// without transfer codings other than chunked, which lie over those.
// Decoded only when somebody asks, once; what the pipeline asks for is dropped when the stack of
// plugins is done, what is lent to the host lives as long as the transaction. Any thread may
// borrow; the rest is the shard's. What could not be decoded is counted in Decoding.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "http/content_decoder.h"
#include "http/message.h"
#include "model/body_chunk.h"

namespace qtap {

// How a session decodes bodies, and what came of it. Its transactions share it, also after its end.
struct Decoding : RefCounted {
  http::DecodeLimits limits = {.max_output_bytes = uint64_t{16} << 20};  // limits.decoded_bytes
  std::atomic<uint64_t> bodies{0};      // with a content coding, that were asked for
  std::atomic<uint64_t> errors{0};      // of these: corrupt, with a gap, or of an unknown coding
  std::atomic<uint64_t> limit_hits{0};  // of these: ended at a limit
};

enum class BodyDecode : uint8_t {
  kNone,         // there is no coding: the text is the body
  kComplete,     // all of it
  kTruncated,    // the body was not kept, or not sent, to its end
  kCorrupt,      // it breaks the format of its coding; what came before is there
  kLimit,        // ended at a limit; what came before is there
  kGap,          // bytes are missing within; what came before is there, if it is known where
  kUnsupported,  // a coding that is not known: nothing is decoded
};
const char* body_decode_name(BodyDecode state);  // "corrupt"; static storage

struct DecodedBody {
  DecodedBody() = default;
  DecodedBody(const DecodedBody&) = delete;  // `text` may be a view of `decoded`
  DecodedBody& operator=(const DecodedBody&) = delete;

  BodyDecode state = BodyDecode::kNone;
  std::string_view text;  // of the message or of `decoded`
  std::string decoded;
  std::string error;  // what ended it, for people: "gzip: incorrect data check, ..."; no traffic
  // Bytes of the body as kept that nothing came of: behind the end of the coded data, or behind
  // what ended the decoding.
  uint64_t left_over = 0;
};

// Decodes now. The result borrows from `message`; never nullptr.
std::unique_ptr<DecodedBody> decode_body(const http::Message& message,
                                         const http::DecodeLimits& limits);

// "gzip, br": the codings of a message as applied, repeated fields joined; "" without one.
std::string content_encoding(const http::Message& message);

// What decoding made of the two bodies of a transaction. A copy begins without.
class DecodedBodies {
 public:
  DecodedBodies() = default;
  DecodedBodies(const DecodedBodies&) noexcept {}
  DecodedBodies& operator=(const DecodedBodies&) noexcept { return *this; }
  ~DecodedBodies();

  // `decoding` may be nullptr: usual limits, nothing is counted. Lives until drop(); the shard's
  // thread only.
  const DecodedBody& use(const http::Message& message, MessageKind kind, Decoding* decoding) const;
  void drop() const;

  // As long as this lives. Any thread.
  const DecodedBody& lend(const http::Message& message, MessageKind kind, Decoding* decoding) const;
  // Memory of what was lent so far. Any thread.
  uint64_t lent_bytes() const;

 private:
  mutable std::array<std::unique_ptr<DecodedBody>, 2> used_;
  mutable std::array<std::atomic<const DecodedBody*>, 2> lent_ = {};
};

}  // namespace qtap
