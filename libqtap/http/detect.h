// SPDX-License-Identifier: Apache-2.0
// Which HTTP a connection speaks, from the first bytes of each direction. Proof, not a guess.
#pragma once

#include <cstdint>
#include <span>

#include "http/parser.h"

namespace qtap::http {

// kHttp2: its preface was seen. kHttp2Late: frames of a connection that began before. kOther: not
// HTTP as far as these bytes go.
enum class Speaks : uint8_t { kNeedMore, kHttp1, kHttp2, kHttp2Late, kOther };

// Either direction may be empty. Of a connection that was joined late only HTTP/2 is told:
// LateStart finds where HTTP/1 begins.
Speaks speaks(std::span<const uint8_t> one, std::span<const uint8_t> two, StreamStart start);

}  // namespace qtap::http
