// SPDX-License-Identifier: Apache-2.0
// Which HTTP a connection speaks, from the first bytes of each direction. Proof, not a guess.
#pragma once

#include <cstdint>
#include <span>

namespace qtap::http {

// kHttp2: its preface was seen. kHttp2Late: frames of a connection that began before (LateStart).
// kOther: not HTTP as far as these bytes go.
enum class Speaks : uint8_t { kNeedMore, kHttp1, kHttp2, kHttp2Late, kOther };

// Of a connection from its first byte on; either direction may be empty. Where one that was joined
// late begins, LateStart finds.
Speaks speaks(std::span<const uint8_t> one, std::span<const uint8_t> two);

}  // namespace qtap::http
