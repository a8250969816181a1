// SPDX-License-Identifier: Apache-2.0
#include "base/id_maker.h"

#include <array>

namespace qtap {
namespace {

constexpr char kDigits[] =
    "0123456789abcdefghijklmnopqrstuv";  // base32hex (RFC 4648, 7), which keeps the order

// SplitMix64: a bijection of a counter, so one run never repeats a value. Constants: Steele, Lea,
// Flood, OOPSLA 2014.
uint64_t mix(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

// 100 bits: 60 of time, in units of 16 ns so that they last as long as int64 nanoseconds do, and 40
// that are mixed.
std::string IdMaker::next(int64_t time_ns) {
  const uint64_t time = static_cast<uint64_t>(time_ns) >> 4;
  const uint64_t random = mix(state_);
  std::array<char, 20> text;
  for (size_t i = 0; i < 12; ++i) text[i] = kDigits[time >> (55 - 5 * i) & 31];
  for (size_t i = 0; i < 8; ++i) text[12 + i] = kDigits[random >> (35 - 5 * i) & 31];
  return std::string(text.data(), text.size());
}

}  // namespace qtap
