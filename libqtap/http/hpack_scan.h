// SPDX-License-Identifier: Apache-2.0
// The outline of a field block (RFC 7541, 6): where each representation ends, and what it refers
// to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace qtap::http {

struct HpackItem {
  enum class Kind : uint8_t {
    kNeedMore,
    kBroken,
    kIndexed,     // 6.1
    kInserted,    // 6.2.1
    kPassing,     // 6.2.2
    kNeverIndex,  // 6.2.3
    kResize       // 6.3
  };
  Kind kind = Kind::kNeedMore;
  uint64_t number = 0;  // the index of the field or of its name; of kResize: the size
  size_t name_end = 0;  // bytes up to where the value begins: its length
  size_t size = 0;      // bytes of the whole
};

// The first representation of `bytes`.
HpackItem scan_hpack(std::span<const uint8_t> bytes);

}  // namespace qtap::http
