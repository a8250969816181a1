// SPDX-License-Identifier: Apache-2.0
// A misspelt word and the words that exist in, a suggestion out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

// Edits that make `b` of `a`: a letter more, less or other, or two neighbours that change places
// (Damerau 1964). Longer than any name of ours: limit + 1.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

// The nearest candidate at a distance of at most 2; "" = none.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// `; did you mean "x"?` with the nearest candidate; "" = none.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace qtap
