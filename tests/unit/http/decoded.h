// SPDX-License-Identifier: Apache-2.0
// A body decoded in pieces, and all that the decoder says of it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "http/content_decoder.h"

namespace qtap::test {

struct Decoded {
  http::DecodeState state = http::DecodeState::kOngoing;
  http::DecodeLimit limit = http::DecodeLimit::kNone;
  http::Damage damage;
  std::string text;
  uint64_t trailing_bytes = 0;
  uint64_t undecoded_bytes = 0;
};

inline http::ContentDecoder decoder_for(std::string_view coding,
                                        const http::DecodeLimits& limits = {}) {
  auto decoder = http::ContentDecoder::create(coding, limits);
  REQUIRE_MESSAGE(decoder.ok(), decoder.error().text);
  return std::move(*decoder);
}

// The pieces end at the positions of `cuts`, which are in order; finish() after the last.
inline Decoded decode_cut(std::string_view coding, std::string_view body,
                          const std::vector<size_t>& cuts, const http::DecodeLimits& limits = {}) {
  http::ContentDecoder decoder = decoder_for(coding, limits);
  Decoded out;
  const auto take = [&](std::string_view bytes) { out.text += bytes; };
  size_t at = 0;
  for (const size_t cut : cuts) {
    decoder.decode(body.substr(at, cut - at), take);
    at = cut;
  }
  decoder.decode(body.substr(at), take);
  out.state = decoder.finish();
  out.limit = decoder.limit();
  out.damage = decoder.damage();
  out.trailing_bytes = decoder.trailing_bytes();
  out.undecoded_bytes = decoder.undecoded_bytes();
  CHECK(decoder.output_bytes() == out.text.size());
  CHECK(decoder.input_bytes() == body.size());
  return out;
}

inline Decoded decode_whole(std::string_view coding, std::string_view body,
                            const http::DecodeLimits& limits = {}) {
  return decode_cut(coding, body, {}, limits);
}

inline Decoded decode_bytes(std::string_view coding, std::string_view body,
                            const http::DecodeLimits& limits = {}) {
  std::vector<size_t> cuts;
  for (size_t i = 1; i < body.size(); ++i) cuts.push_back(i);
  return decode_cut(coding, body, cuts, limits);
}

// Text that codings neither blow up nor reduce to nothing; always the same.
inline std::string sample_text(size_t size) {
  std::string text;
  uint32_t seed = 4711;
  while (text.size() < size) {
    seed = seed * 1664525 + 1013904223;  // Numerical Recipes, "quick and dirty"
    text += "{\"id\":" + std::to_string(seed >> 12) + ",\"state\":\"shipped\"},";
  }
  text.resize(size);
  return text;
}

}  // namespace qtap::test
