// SPDX-License-Identifier: Apache-2.0
// Bytes → pieces and gaps of both directions of a connection → HTTP/2 parser. However the same
// bytes are cut, the same must come out.
//
// Input: one byte of options (bits 0-1: body_buffer, 2: small header_bytes, 3: small
// pipelined_requests, 4: stop looking instead of a close, 5: joined late, 6: no preface and
// SETTINGS in front: the input has its own), then steps: one byte (bit 0: received, bit 1: gap),
// two bytes of length (big-endian), and that many bytes unless it is a gap.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../connection_steps.h"

using qtap::test::Cutter;
using qtap::test::Step;

namespace {

// Both peers begin as they must, so that a fuzzer need not find that out.
std::vector<Step> opening() {
  const std::string settings("\0\0\0\x04\0\0\0\0\0", 9);
  std::vector<Step> steps(2);
  steps[0].bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings;
  steps[1].direction = qtap::Direction::kReceived;
  steps[1].bytes = settings;
  return steps;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (64u << 10)) return 0;
  const qtap::http::ParserLimits limits = qtap::fuzz::limits_of(data[0]);
  const bool is_late = (data[0] & 32) != 0;
  std::vector<Step> steps;
  if (!is_late && (data[0] & 64) == 0) steps = opening();
  for (Step& step : qtap::fuzz::steps_of(data + 1, size - 1)) steps.push_back(std::move(step));
  Step end;
  end.kind = Step::Kind::kClose;
  if ((data[0] & 16) != 0) end.reason = qtap::http::Truncation::kIdle;
  steps.push_back(std::move(end));

  const auto reader = is_late ? qtap::test::Reader::kHttp2Late : qtap::test::Reader::kHttp2;
  const std::string whole =
      qtap::test::transcript(steps, limits, Cutter(Cutter::Way::kWhole), reader);
  const Cutter others[] = {Cutter(Cutter::Way::kBytes), Cutter(Cutter::Way::kRandom, 7),
                           Cutter(Cutter::Way::kRandom, static_cast<uint32_t>(size))};
  for (const Cutter& cutter : others) {
    const std::string cut = qtap::test::transcript(steps, limits, cutter, reader);
    if (cut == whole) continue;
    fprintf(stderr, "cutting changes the outcome.\n-- whole:\n%s-- cut:\n%s", whole.c_str(),
            cut.c_str());
    abort();
  }
  return 0;
}
