// SPDX-License-Identifier: Apache-2.0
#include "http/fields.h"

#include <algorithm>
#include <map>

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
  fields.reserve(headers.size());  // names stay where they are
  // A tree, not a scan: how many fields there are, and their names, is up to the peer.
  std::map<std::string_view, std::string*> known;
  for (const Header header : headers) {
    std::string name = canonical_name(header.name);
    const auto at = known.find(name);
    if (at == known.end()) {
      auto& field = fields.emplace_back(std::move(name), std::string(header.value));
      known.emplace(field.first, &field.second);
    } else {
      at->second->append(separator(name)).append(header.value);
    }
  }
  return fields;
}

bool has_repeats(const FieldList& headers) {
  std::vector<std::string> names;
  names.reserve(headers.size());
  for (const Header header : headers) names.push_back(lower(header.name));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace qtap::http
