// SPDX-License-Identifier: Apache-2.0
// First bytes of both ends → what the connection speaks. Oracle: it does not matter which end is
// ours, and one datagram is never two protocols.
//
// Input: two bytes of length (big-endian), that many bytes of one end, the rest of the other.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "proto/parser.h"

namespace {

using qtap::proto::Detected;
using qtap::proto::StreamStart;

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "detect: %s\n", what);
  abort();
}

bool operator==(const Detected& a, const Detected& b) {
  return a.what == b.what && a.protocol == b.protocol;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::span<const uint8_t> all(data + 2, size - 2);
  const size_t cut = std::min<size_t>(static_cast<size_t>(data[0]) << 8 | data[1], all.size());
  const auto one = all.first(cut);
  const auto two = all.subspan(cut);
  for (const auto start : {StreamStart::kFirstByte, StreamStart::kAnywhere}) {
    const Detected found = qtap::proto::detect(one, two, start);
    must(found == qtap::proto::detect(two, one, start), "the ends are not alike");
    must((found.what == qtap::proto::Detection::kNamed) ==
             (found.protocol != qtap::L7Protocol::kOther),
         "named without a name");
    must(found.what != qtap::proto::Detection::kNamed || (one.size() + two.size() >= 9),
         "a name for nearly nothing");  // SSLRequest and its answer
  }
  qtap::proto::detect_datagram(all);
  return 0;
}
