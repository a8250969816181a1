// SPDX-License-Identifier: Apache-2.0
// What is signed: a request as it will be sent, in borrowed texts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "s3/secret.h"

namespace qtap::s3 {

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

struct Header {
  std::string name;
  std::string value;
};

// How the body is told to the signature ("x-amz-content-sha256").
enum class PayloadKind : uint8_t {
  kSigned,                 // its SHA-256
  kUnsigned,               // UNSIGNED-PAYLOAD
  kSignedChunks,           // STREAMING-AWS4-HMAC-SHA256-PAYLOAD: each chunk has a signature
  kSignedChunksTrailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER: and so have trailers
  kUnsignedChunksTrailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

constexpr bool is_chunked(PayloadKind kind) {
  return kind >= PayloadKind::kSignedChunks;
}
constexpr bool has_signed_chunks(PayloadKind kind) {
  return kind == PayloadKind::kSignedChunks || kind == PayloadKind::kSignedChunksTrailer;
}
constexpr bool has_trailers(PayloadKind kind) {
  return kind >= PayloadKind::kSignedChunksTrailer;
}

struct Payload {
  PayloadKind kind = PayloadKind::kSigned;
  // Of kSigned: the body, or its SHA-256 in lower-case hex if that is known.
  std::string_view body;
  std::string_view sha256;
  // Of chunked kinds: the bytes of the body itself, and the names of the trailers, in lower case.
  uint64_t decoded_length = 0;
  std::span<const std::string_view> trailers;
};

struct Request {
  std::string_view method;
  // Path and query as they will be sent, "/bucket/a%20key?versioning=": escaped for S3.
  std::string_view target;
  std::span<const HeaderView> headers;  // with Host
  Payload payload;
  int64_t time_s = 0;  // since 1970 UTC; servers take 15 minutes of difference to their clock
};

struct Credentials {
  std::string access_key_id;
  Secret secret_key;
  Secret session_token;              // empty: they are not temporary
  std::optional<int64_t> expires_s;  // since 1970 UTC
  std::string account_id;            // when it was told
  std::string source;                // where they came from, for people: "profile x of /a/b"
  bool is_stable = false;  // use them beyond their expiry when there are no others: EC2's rule
};

// Which services differ how.
struct Rules {
  bool normalize_path = true;
  bool encode_twice = true;            // the path as sent is escaped once more
  bool content_sha256_header = false;  // x-amz-content-sha256 is sent, and signed
  bool unsigned_presigned = false;     // links say UNSIGNED-PAYLOAD, whatever they are for
  bool sign_token = true;              // false: the session token is added after signing

  // Keys of S3 may hold "//" and "..": the path is encoded once, and otherwise kept.
  static constexpr Rules s3() { return {false, false, true, true, true}; }
  static constexpr Rules generic() { return {}; }
};

// Says what is wrong with a request, and where: "header 3 (x-a): byte 7: ...". Tells names of
// headers and positions, never values, which may be secret.
Status check_request(const Request& request, const Rules& rules);

// At `byte`, from 0, of `what`.
Error wrong_at(std::string_view what, size_t byte, std::string_view why);

bool is_token(std::string_view text);  // RFC 9110 section 5.6.2

// Is it one that proxies change, or that clients add late? Signing it would break the signature.
bool is_never_signed(std::string_view lower_case_name);

}  // namespace qtap::s3
