// SPDX-License-Identifier: Apache-2.0
// Bytes → content decoder, for one coding. However the same bytes are cut, the same must come out.
//
// Input: one byte of options (bits 0-1: longest output, 2: small ratio, 3: small windows, 4: a gap
// in the middle), then the body.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/content_decoder.h"

namespace qtap::fuzz {

struct DecodeOutcome {
  http::DecodeState state = http::DecodeState::kOngoing;
  http::DecodeLimit limit = http::DecodeLimit::kNone;
  std::string text;
  uint64_t trailing_bytes = 0;
};

inline void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "content decoder: %s\n", what);
  abort();
}

inline http::DecodeLimits decode_limits_of(uint8_t options) {
  http::DecodeLimits limits;
  constexpr uint64_t kOutputs[] = {300'000, 0, 1000, 70'000};
  limits.max_output_bytes = kOutputs[options & 3];
  if ((options & 4) != 0) {
    limits.max_ratio = 3;
    limits.ratio_floor_bytes = 1000;
  }
  // libzstd allocates the window that a frame names: large ones take most of the time.
  limits.max_zstd_window_bytes = (options & 8) != 0 ? 1u << 12 : 1u << 18;
  if ((options & 8) != 0) limits.max_brotli_window_bytes = 1u << 12;
  return limits;
}

// Pieces of up to `longest` bytes; 0: all at once.
inline DecodeOutcome decode_in_pieces(const char* coding, std::string_view body, uint8_t options,
                                      size_t longest) {
  auto decoder = http::ContentDecoder::create(coding, decode_limits_of(options));
  must(decoder.ok(), "cannot be made");
  DecodeOutcome out;
  const auto take = [&](std::string_view bytes) { out.text += bytes; };
  uint32_t seed = 1;
  const size_t size = body.size();
  const size_t half = (options & 16) != 0 ? size / 2 : size;
  std::string_view rest = body.substr(0, half);
  for (bool is_second = false;; is_second = true) {
    while (!rest.empty()) {
      seed = seed * 1664525 + 1013904223;
      const size_t piece = longest == 0 ? rest.size() : 1 + (seed >> 8) % longest;
      decoder->decode(rest.substr(0, piece), take);
      rest.remove_prefix(std::min(piece, rest.size()));
    }
    if (is_second || half == size) break;
    decoder->gap();
    rest = body.substr(half);
  }
  out.state = decoder->finish();
  out.limit = decoder->limit();
  out.trailing_bytes = decoder->trailing_bytes();
  must(out.state != http::DecodeState::kOngoing, "still ongoing after its end");
  must(decoder->input_bytes() == size, "input is not counted");
  must(decoder->output_bytes() == out.text.size(), "output is not counted");
  must(out.text.size() <= decode_limits_of(options).max_output_bytes, "output beyond its limit");
  must(decoder->undecoded_bytes() <= size && out.trailing_bytes <= size, "counts are off");
  must(decoder->damage().body_offset <= size, "damage behind the input");
  return out;
}

inline bool agree(const DecodeOutcome& whole, const DecodeOutcome& cut, size_t max_lost_bytes) {
  if (whole.state == cut.state && whole.limit == cut.limit && whole.text == cut.text &&
      whole.trailing_bytes == cut.trailing_bytes)
    return true;
  // Two libraries take along what they have not handed out when they find damage; that may have
  // been what reached a limit.
  return whole.state == http::DecodeState::kCorrupt &&
         (cut.state == whole.state || cut.state == http::DecodeState::kLimit) &&
         std::string_view(cut.text).substr(0, whole.text.size()) == whole.text &&
         cut.text.size() - whole.text.size() <= max_lost_bytes;
}

inline int fuzz_coding(const char* coding, const uint8_t* data, size_t size,
                       size_t max_lost_bytes = 0) {
  if (size < 1 || size > (16u << 10)) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const DecodeOutcome whole = decode_in_pieces(coding, body, data[0], 0);
  for (const size_t longest : {size_t{1}, size_t{100}}) {
    const DecodeOutcome cut = decode_in_pieces(coding, body, data[0], longest);
    if (agree(whole, cut, max_lost_bytes)) continue;
    fprintf(stderr, "whole: %s %zu bytes, %llu trailing; pieces of %zu: %s %zu bytes, %llu\n",
            decode_state_name(whole.state), whole.text.size(),
            static_cast<unsigned long long>(whole.trailing_bytes), longest,
            decode_state_name(cut.state), cut.text.size(),
            static_cast<unsigned long long>(cut.trailing_bytes));
    must(false, "cutting changes the outcome");
  }
  return 0;
}

}  // namespace qtap::fuzz
