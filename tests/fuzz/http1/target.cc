// SPDX-License-Identifier: Apache-2.0
// Bytes → pieces and gaps of both directions of a connection → HTTP/1 parser. However the same
// bytes are cut, the same must come out.
//
// Input: one byte of options (bits 0-1: body_buffer, 2: small header_bytes, 3: small
// pipelined_requests, 4: stop looking instead of a close), then steps: one byte (bit 0: received,
// bit 1: gap), two bytes of length (big-endian), and that many bytes unless it is a gap.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../../unit/http/transcript.h"

using qtap::test::Cutter;
using qtap::test::Step;

namespace {

std::vector<Step> steps_of(const uint8_t* data, size_t size) {
  std::vector<Step> steps;
  while (size >= 3) {
    Step step;
    step.direction = (data[0] & 1) != 0 ? qtap::Direction::kReceived : qtap::Direction::kSent;
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

qtap::http::ParserLimits limits_of(uint8_t options) {
  qtap::http::ParserLimits limits;
  constexpr uint64_t kBuffers[] = {2u << 20, 0, 7, 100};
  limits.body_buffer = kBuffers[options & 3];
  if ((options & 4) != 0) limits.header_bytes = 40;
  if ((options & 8) != 0) limits.pipelined_requests = 2;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (64u << 10)) return 0;
  const qtap::http::ParserLimits limits = limits_of(data[0]);
  std::vector<Step> steps = steps_of(data + 1, size - 1);
  Step end;
  end.kind = Step::Kind::kClose;
  if ((data[0] & 16) != 0) end.reason = qtap::http::Truncation::kIdle;
  steps.push_back(std::move(end));

  const std::string whole = qtap::test::transcript(steps, limits, Cutter(Cutter::Way::kWhole));
  const Cutter others[] = {Cutter(Cutter::Way::kBytes), Cutter(Cutter::Way::kRandom, 7),
                           Cutter(Cutter::Way::kRandom, static_cast<uint32_t>(size))};
  for (const Cutter& cutter : others) {
    const std::string cut = qtap::test::transcript(steps, limits, cutter);
    if (cut == whole) continue;
    fprintf(stderr, "cutting changes the outcome.\n-- whole:\n%s-- cut:\n%s", whole.c_str(),
            cut.c_str());
    abort();
  }
  return 0;
}
