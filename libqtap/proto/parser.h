// SPDX-License-Identifier: Apache-2.0
// In: the first plain-text bytes of a connection. Out: what it speaks, and who reads that.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "http/parser.h"

namespace qtap::proto {

using http::Parser;
using http::ParserEvents;
using http::ParserLimits;
using http::StreamStart;

// kHttp2: its preface was seen. kHttp2Late: frames of a connection that began before.
enum class Detection : uint8_t { kNeedMore, kHttp1, kHttp2, kHttp2Late, kUnknown };

// What a connection speaks, from the first bytes of each direction (either may be empty). Proof,
// not a guess.
Detection detect(std::span<const uint8_t> sent, std::span<const uint8_t> received,
                 StreamStart start);

}  // namespace qtap::proto
