// SPDX-License-Identifier: Apache-2.0
#include "rulekit/excerpt.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

namespace {

// An indented line and its "..." at both ends fit into a terminal of 80 columns.
constexpr size_t kMaxLine = 72;
constexpr size_t kBefore = 48;  // of those, at most so many before the caret

// False: there is no such line.
bool find_line(std::string_view text, uint32_t line, std::string_view* ret) {
  for (; line > 1; --line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  *ret = text.substr(0, text.find('\n'));
  return true;
}

struct Character {
  std::string_view shown;  // one column of a terminal
  uint32_t column;         // as errors count
};

// What could steer the terminal is a "?".
std::vector<Character> characters_of(std::string_view line) {
  std::vector<Character> out;
  uint32_t column = 1;
  while (!line.empty()) {
    const size_t len = utf8_sequence(line);
    const std::string_view sequence = line.substr(0, len == 0 ? 1 : len);
    const unsigned char byte = static_cast<unsigned char>(sequence[0]);
    const bool printable = len > 0 && byte >= 0x20 && byte != 0x7F && !is_c1_control(sequence);
    out.push_back({printable ? sequence : byte == '\t' ? " " : "?", column});
    column += columns_of_sequence(len);
    line.remove_prefix(sequence.size());
  }
  return out;
}

}  // namespace

std::string excerpt(std::string_view text, uint32_t line, uint32_t column) {
  std::string_view found;
  if (line == 0 || column == 0 || !find_line(text, line, &found)) return {};
  const std::vector<Character> all = characters_of(found);
  const auto is_there = [&](const Character& c) { return c.column >= column; };
  const auto caret =
      static_cast<size_t>(std::find_if(all.begin(), all.end(), is_there) - all.begin());
  const size_t from = caret > kBefore ? caret - kBefore : 0;
  const size_t to = std::min(all.size(), from + kMaxLine);

  std::string out = from > 0 ? "  ..." : "  ";
  const size_t indent = out.size() + caret - from;
  for (size_t at = from; at < to; ++at) out += all[at].shown;
  out += to < all.size() ? "...\n" : "\n";
  return out + std::string(indent, ' ') + "^\n";
}

}  // namespace qtap::rulekit
