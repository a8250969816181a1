// SPDX-License-Identifier: Apache-2.0
#include "http/fields.h"

#include <algorithm>

#include "base/text.h"

namespace qtap::http {
namespace {

const char* separator(std::string_view canonical) {
  if (canonical == "Cookie") return "; ";
  return canonical == "Set-Cookie" ? "\n" : ", ";
}

}  // namespace

std::string canonical_name(std::string_view name) {
  std::string out = lower(name);
  bool starts_word = true;
  for (char& c : out) {
    if (starts_word && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    starts_word = c == '-';
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> joined_fields(const FieldList& headers) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.reserve(headers.size());
  for (const Header header : headers) {
    std::string name = canonical_name(header.name);
    const auto known = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& field) { return field.first == name; });
    if (known == fields.end()) {
      fields.emplace_back(std::move(name), std::string(header.value));
    } else {
      known->second.append(separator(name)).append(header.value);
    }
  }
  return fields;
}

bool has_repeats(const FieldList& headers) {
  for (size_t i = 0; i < headers.size(); ++i) {
    for (size_t j = i + 1; j < headers.size(); ++j) {
      if (equal_ignoring_case(headers[i].name, headers[j].name)) return true;
    }
  }
  return false;
}

}  // namespace qtap::http
