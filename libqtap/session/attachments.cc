// SPDX-License-Identifier: Apache-2.0
#include "session/attachments.h"

#include <algorithm>

namespace qtap::session {
namespace {

// A source that puts its lists together of several need not add at the end.
std::vector<std::string> missing_in(const std::vector<std::string>& old,
                                    const std::vector<std::string>& now) {
  std::vector<std::string> result;
  for (const std::string& line : now) {
    if (std::find(old.begin(), old.end(), line) == old.end()) result.push_back(line);
  }
  return result;
}

}  // namespace

Attachments::News Attachments::update(const source::Source& source) {
  const size_t lines = source.attach_lines();
  if (known_ == lines) return {};
  known_ = lines;
  std::vector<std::string> attached = source.attached();
  std::vector<std::string> warnings = source.warnings();
  News news = {missing_in(attached_, attached), missing_in(warnings_, warnings)};
  attached_ = std::move(attached);
  warnings_ = std::move(warnings);
  return news;
}

}  // namespace qtap::session
