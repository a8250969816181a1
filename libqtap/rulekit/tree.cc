// SPDX-License-Identifier: Apache-2.0
#include "rulekit/tree.h"

#include <algorithm>

#include "base/utf8.h"

namespace qtap::rulekit {

uint32_t columns_of_sequence(size_t len) {
  return len == 0 ? 3 : static_cast<uint32_t>(len);
}

Position position_of(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  Position position;
  position.line = static_cast<uint32_t>(1 + std::count(before.begin(), before.end(), '\n'));
  std::string_view line = before.substr(line_start);
  while (!line.empty()) {
    const size_t len = utf8_sequence(line);
    position.column += columns_of_sequence(len);
    line.remove_prefix(len == 0 ? 1 : len);
  }
  return position;
}

}  // namespace qtap::rulekit
