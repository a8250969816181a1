// SPDX-License-Identifier: Apache-2.0
// Bytes → pieces and gaps of one direction → WebSocket, and the header of its extensions.
// Input: one byte of options (bit 0: masked, 1: compressed, 2: no context takeover, 3: small
// limits, 4: small window), then steps (stream_steps.h).
#include "../../unit/http/websocket_transcript.h"
#include "../stream_steps.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (16u << 10)) return 0;
  const uint8_t options = data[0];
  qtap::test::WebSocketSetup setup;
  using Masking = qtap::http::WebSocketSide::Masking;
  setup.masking = (options & 1) != 0 ? Masking::kClient : Masking::kServer;
  if ((options & 2) != 0) {
    setup.deflate = {.takes_over = (options & 4) == 0,
                     .window_bits = static_cast<uint8_t>((options & 16) != 0 ? 8 : 15)};
  }
  if ((options & 8) != 0) {
    setup.limits.payload_bytes = 7;
    setup.limits.inflate = {.output_bytes = 3000, .ratio = 3, .ratio_free_bytes = 50};
  }
  const std::vector<qtap::test::Step> steps = qtap::test::steps_of(data + 1, size - 1);
  qtap::test::check_cuts(size, [&](const qtap::test::Cutter& cutter) {
    return qtap::test::websocket_transcript(steps, setup, cutter);
  });
  qtap::http::websocket_extensions({reinterpret_cast<const char*>(data), size});
  return 0;
}
