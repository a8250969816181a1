// SPDX-License-Identifier: Apache-2.0
#include "s3/canonical.h"

#include <algorithm>
#include <utility>

#include "s3/uri.h"

namespace qtap::s3 {
namespace {

bool is_blank_byte(char c) {
  return c == ' ' || c == '\t';
}

// Blanks only between words, one each: most values.
bool is_trimmed(std::string_view value) {
  bool was_blank = true;
  for (const char c : value) {
    if (c == '\t' || (c == ' ' && was_blank)) return false;
    was_blank = c == ' ';
  }
  return value.empty() || !was_blank;
}

void append_trimmed(std::string& out, std::string_view value) {
  if (is_trimmed(value)) {
    out += value;
    return;
  }
  bool is_blank = false;
  bool is_first = true;
  for (const char c : value) {
    if (is_blank_byte(c)) {
      is_blank = true;
      continue;
    }
    if (is_blank && !is_first) out += ' ';
    out += c;
    is_blank = is_first = false;
  }
}

}  // namespace

void SignedHeaders::add(std::string lower_case_name, std::string_view value) {
  if (!is_never_signed(lower_case_name)) rows_.push_back({std::move(lower_case_name), value});
}

std::string SignedHeaders::names() {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const Row& a, const Row& b) { return a.name < b.name; });
  std::string out;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (i > 0 && rows_[i].name == rows_[i - 1].name) continue;
    if (i > 0) out += ';';
    out += rows_[i].name;
  }
  return out;
}

void SignedHeaders::append_lines(std::string& out) const {
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (i > 0 && rows_[i].name == rows_[i - 1].name) {
      out.back() = ',';  // was the end of the line
    } else {
      out += rows_[i].name;
      out += ':';
    }
    append_trimmed(out, rows_[i].value);
    out += '\n';
  }
}

std::string canonical_path(std::string_view path, const Rules& rules) {
  const std::string normal = rules.normalize_path ? normalized_path(path) : std::string(path);
  std::string out;
  if (rules.encode_twice) {
    append_encoded(out, normal, Slash::kKept);
  } else {
    append_recoded(out, normal, Slash::kKept);
  }
  return out;
}

TargetParts split_target(std::string_view target) {
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

}  // namespace qtap::s3
