// SPDX-License-Identifier: Apache-2.0
// Bytes → pieces and gaps of a body → text/event-stream.
// Input: one byte of options (bit 0: joined late, 1: small limit), then steps (stream_steps.h).
#include "../../unit/http/sse_transcript.h"
#include "../stream_steps.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (16u << 10)) return 0;
  using Start = qtap::http::SseParser::Start;
  const Start start = (data[0] & 1) != 0 ? Start::kJoinedLate : Start::kAtStart;
  const size_t event_bytes = (data[0] & 2) != 0 ? 5 : 1000;
  const std::vector<qtap::test::Step> steps = qtap::test::steps_of(data + 1, size - 1);
  qtap::test::check_cuts(size, [&](const qtap::test::Cutter& cutter) {
    return qtap::test::sse_transcript(steps, start, event_bytes, cutter);
  });
  return 0;
}
