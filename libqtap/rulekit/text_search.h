// SPDX-License-Identifier: Apache-2.0
// Finding a text in a text, in time that grows with the sum of their lengths.
#pragma once

#include <cstring>
#include <string_view>

namespace qtap::rulekit {

// find() compares at every place where the first byte fits: times the length of the part, if
// somebody wishes so. Up to this length that is bounded and find() is faster; above, memmem() does
// not look back further than a constant (glibc: "Two-Way" from 256 bytes on; musl: always).
inline constexpr size_t kShortPart = 32;

inline bool has_part(std::string_view text, std::string_view part) {
  if (part.size() <= kShortPart) return text.find(part) != std::string_view::npos;
  return part.size() <= text.size() &&
         memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace qtap::rulekit
