// SPDX-License-Identifier: Apache-2.0
#include "rulekit/diagnosis.h"

#include <algorithm>

#include "rulekit/complaint.h"
#include "rulekit/tree.h"

namespace qtap::rulekit {

bool Diagnosis::fail(const Token& at, int status, std::string_view what) {
  const Position position = position_of(text_, at.offset);
  error_.status = status;
  error_.line = position.line;
  error_.column = position.column;
  error_.offset = at.offset;
  error_.end_offset = at.offset + (at.kind == TokenKind::kError ? 0 : at.text.size());
  error_.found = at.kind;
  error_.text = with_position(position, what);
  return false;
}

void Diagnosis::warn(size_t offset, std::string_view what) {
  const Position position = position_of(text_, offset);
  warnings_.push_back({position.line, position.column, with_position(position, what)});
}

std::vector<Warning> Diagnosis::warnings() const {
  std::vector<Warning> sorted = warnings_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Warning& a, const Warning& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  });
  return sorted;
}

}  // namespace qtap::rulekit
