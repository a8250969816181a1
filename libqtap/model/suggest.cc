// SPDX-License-Identifier: Apache-2.0
#include "model/suggest.h"

#include <algorithm>
#include <numeric>

namespace qtap {
namespace {

constexpr size_t kMaxDistance = 2;  // spec/config.md 3
constexpr size_t kMaxWord = 64;     // longer than any key of ours

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
  if (a.size() > kMaxWord || b.size() > kMaxWord) return limit + 1;
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  size_t best_distance = kMaxDistance + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(word, candidate, kMaxDistance);
    // Two edits make any short word of any other.
    const size_t limit = std::max<size_t>(1, std::max(word.size(), candidate.size()) / 2);
    if (distance < best_distance && distance <= limit) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view word = text.substr(0, comma);
    const size_t first = word.find_first_not_of(' ');
    if (first != std::string_view::npos) {
      words.push_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return words;
}

}  // namespace qtap
