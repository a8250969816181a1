// SPDX-License-Identifier: Apache-2.0
#include "rulekit/tree.h"

#include <algorithm>

#include "base/utf8.h"

namespace qtap::rulekit {

uint32_t columns_of_sequence(size_t len) {
  return len == 0 ? 3 : static_cast<uint32_t>(len);
}

void advance(std::string_view passed, Position* position) {
  const size_t line_end = passed.rfind('\n');
  if (line_end != std::string_view::npos) {
    position->line += static_cast<uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
    position->column = 1;
    passed.remove_prefix(line_end + 1);
  }
  while (!passed.empty()) {
    const size_t len = utf8_sequence(passed);
    position->column += columns_of_sequence(len);
    passed.remove_prefix(len == 0 ? 1 : len);
  }
}

Position position_of(std::string_view text, size_t offset) {
  Position position;
  advance(text.substr(0, offset), &position);
  return position;
}

}  // namespace qtap::rulekit
