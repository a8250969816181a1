// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

// Edit distance (Levenshtein 1966), given up beyond `limit`.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

// The nearest candidate at a distance of at most 2; "" = none.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// The parts of "a, b,c".
std::vector<std::string_view> split_words(std::string_view text);

}  // namespace qtap
