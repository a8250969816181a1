// SPDX-License-Identifier: Apache-2.0
// Templates of keys and links, "https://host/{{BUCKET}}/{{KEY}}" (spec/events-and-objects.md 5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

struct Placeholder {
  std::string_view name;  // "BUCKET"
  std::string_view value;
};

// What is not among `known` stays as it is.
std::string expand(std::string_view text, std::span<const Placeholder> known);

// The names in it, in their order.
std::vector<std::string_view> placeholders_in(std::string_view text);

}  // namespace qtap
