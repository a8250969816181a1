// SPDX-License-Identifier: Apache-2.0
#include "proto/parser.h"
#include "proto/start_line.h"

namespace qtap::proto {

Detection detect(std::span<const uint8_t> sent, std::span<const uint8_t> received) {
  bool may_become = false;
  for (const std::span<const uint8_t> bytes : {sent, received}) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const StartLine start = start_of(text);
    if (start == StartLine::kRequest || start == StartLine::kResponse) return Detection::kHttp1;
    if (start == StartLine::kNeedMore) may_become = true;
  }
  return may_become ? Detection::kNeedMore : Detection::kUnknown;
}

}  // namespace qtap::proto
