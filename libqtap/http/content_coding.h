// SPDX-License-Identifier: Apache-2.0
// The value of Content-Encoding: which codings were applied to a body, and in which order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::http {

enum class Coding : uint8_t {
  kGzip,     // RFC 9110, 8.4.1.3; also "x-gzip"
  kDeflate,  // RFC 9110, 8.4.1.2: zlib's format; many send bare deflate data
  kBrotli,   // "br", RFC 7932
  kZstd,     // RFC 8878, RFC 9659
};

const char* coding_name(Coding coding);  // "br"; static storage

// More than this over each other serve nobody; it is also where curl gives up (MAX_ENCODE_STACK,
// since CVE-2022-32206). "identity" does not count, it changes nothing.
constexpr size_t kMaxCodings = 5;

struct CodingList {
  enum class Outcome : uint8_t {
    kKnown,    // all of `codings` can be undone; there may be none
    kUnknown,  // one cannot: `unknown` is its name
    kTooMany,  // more than kMaxCodings
  };
  Outcome outcome = Outcome::kKnown;
  std::vector<Coding> codings;  // as applied: the last one is undone first; empty unless kKnown
  std::string unknown;          // lower case, at most 64 bytes, '?' for what cannot be printed
};

// Reads the value of Content-Encoding (RFC 9110, 8.4): a list with commas, any case, blanks and
// empty elements allowed. Several header lines are to be joined by commas first (joined_fields()).
// Whatever is no name of a coding ("gzip;q=1", "gzip br", "compress") is unknown, never guessed at.
CodingList parse_content_encoding(std::string_view value);

}  // namespace qtap::http
