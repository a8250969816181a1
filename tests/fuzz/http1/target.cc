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

#include "../connection_steps.h"

using qtap::test::Cutter;
using qtap::test::Step;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (64u << 10)) return 0;
  const qtap::http::ParserLimits limits = qtap::fuzz::limits_of(data[0]);
  std::vector<Step> steps = qtap::fuzz::steps_of(data + 1, size - 1);
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
