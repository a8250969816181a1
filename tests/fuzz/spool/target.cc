// SPDX-License-Identifier: Apache-2.0
// Files of a spool: what is read back is what would be written, whatever the bytes are.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sink/spool_record.h"

using namespace qtap::sink;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "spool: %s\n", what);
  abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto head = read_spool_head(bytes);
  if (!head.ok()) return 0;
  must(head->record_bytes() >= kSpoolHeadBytes, "a record without a length");
  const auto item = read_spool_record(*head, bytes);
  if (!item.ok()) return 0;
  bytes[kSpoolStateAt] = kSpoolWaiting;
  must(spool_prefix(*item).append(spool_data(*item)) == bytes,
       "what was read is not what is written");
  return 0;
}
