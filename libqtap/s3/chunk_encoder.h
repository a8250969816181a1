// SPDX-License-Identifier: Apache-2.0
// In: the bytes of a body, in pieces of any size, and its trailers. Out: the body as it is sent
// with content-encoding aws-chunked: chunks of one size with their lengths, and signatures, each
// made with the one before ("Signature calculations for the Authorization header: multiple chunks",
// and "... including trailing headers"). Owns one chunk. One thread at a time. A body longer or
// shorter than announced is an error: the server would refuse it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "s3/hmac.h"
#include "s3/request.h"

namespace qtap::s3 {

// What a body will have as trailer: how long it gets counts for content-length.
struct TrailerSize {
  size_t name_bytes = 0;
  size_t value_bytes = 0;
};

class ChunkEncoder {
 public:
  struct Signing {
    Hmac key;
    std::string date;
    std::string scope;
    std::string seed;  // the signature of the request
  };
  struct Plan {
    PayloadKind kind = PayloadKind::kSignedChunks;
    uint64_t decoded_length = 0;
    size_t chunk_bytes = 0;  // kMinChunkBytes to kMaxChunkBytes
    std::vector<std::string> trailers;
  };

  // Without `signing` for chunks that have no signatures.
  ChunkEncoder(Plan plan, std::optional<Signing> signing);

  // Appends to `out` the chunks that are full.
  Status data(std::string_view bytes, std::string& out);

  // Appends the rest, the last chunk and the trailers, which are those announced, in that order.
  Status end(std::span<const HeaderView> trailers, std::string& out);

  // The content-length of the whole: known before the first byte.
  static uint64_t encoded_length(PayloadKind kind, uint64_t decoded_length, size_t chunk_bytes,
                                 std::span<const TrailerSize> trailers);

 private:
  void append_chunk(std::string_view bytes, std::string& out);
  Status check_trailers(std::span<const HeaderView> trailers) const;
  void append_trailers(std::span<const HeaderView> trailers, std::string& out);
  std::string sign(std::string_view algorithm, std::string_view hashes);

  Plan plan_;
  std::optional<Signing> signing_;  // its seed is the signature before
  std::string held_;                // less than a chunk
  uint64_t taken_ = 0;
  bool ended_ = false;
};

}  // namespace qtap::s3
