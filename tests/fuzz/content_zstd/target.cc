// SPDX-License-Identifier: Apache-2.0
#include "../content_decoder.h"

// The longest block (RFC 8878, 3.1.1.2.4): a raw one whose length contradicts its frame is lost.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return qtap::fuzz::fuzz_coding("zstd", data, size, /*max_lost_bytes=*/128u << 10);
}
