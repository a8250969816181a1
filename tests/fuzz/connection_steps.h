// SPDX-License-Identifier: Apache-2.0
// What the bytes of a fuzzer mean to a parser of HTTP connections.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../unit/http/transcript.h"

namespace qtap::fuzz {

using test::Step;

// Steps: one byte (bit 0: received, bit 1: gap), two bytes of length (big-endian), and that many
// bytes unless it is a gap.
inline std::vector<Step> steps_of(const uint8_t* data, size_t size) {
  std::vector<Step> steps;
  while (size >= 3) {
    Step step;
    step.direction = (data[0] & 1) != 0 ? Direction::kReceived : Direction::kSent;
    const bool is_gap = (data[0] & 2) != 0;
    const uint8_t flags = data[0];
    const size_t len = static_cast<size_t>(data[1]) << 8 | data[2];
    data += 3;
    size -= 3;
    if (is_gap && (flags & 4) != 0) {
      step.kind = (flags & 1) != 0 ? Step::Kind::kKeepBodies : Step::Kind::kDropBodies;
    } else if (is_gap) {
      step.kind = (flags & 8) != 0 ? Step::Kind::kLeftOut : Step::Kind::kGap;
      step.len = len;
    } else {
      const size_t there = len < size ? len : size;
      step.bytes.assign(reinterpret_cast<const char*>(data), there);
      data += there;
      size -= there;
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

// Bits 0-1: body_buffer, 2: small header_bytes, 3: small pipelined_requests.
inline http::ParserLimits limits_of(uint8_t options) {
  http::ParserLimits limits;
  constexpr uint64_t kBuffers[] = {2u << 20, 0, 7, 100};
  limits.body_buffer = kBuffers[options & 3];
  if ((options & 4) != 0) limits.header_bytes = 40;
  if ((options & 8) != 0) limits.pipelined_requests = 2;
  return limits;
}

}  // namespace qtap::fuzz
