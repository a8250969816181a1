// SPDX-License-Identifier: Apache-2.0
#include "../content_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return qtap::fuzz::fuzz_coding("deflate", data, size);
}
