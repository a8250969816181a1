// SPDX-License-Identifier: Apache-2.0
#include "http/fields.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "base/text.h"

namespace qtap::http {
namespace {

const char* separator(std::string_view canonical) {
  if (canonical == "Cookie") return "; ";
  return canonical == "Set-Cookie" ? "\n" : ", ";
}

// Up to here, comparing each with each costs less than to sort them; how many there are is up to
// the peer.
constexpr size_t kFew = 32;

// Names that are equal but for the case have the same key; few others have.
uint32_t key_of(std::string_view name) {
  if (name.empty()) return 0;
  const auto lowered = [&](size_t at) { return static_cast<unsigned char>(name[at]) | 0x20u; };
  const size_t last = name.size() - 1;
  return static_cast<uint32_t>(name.size()) << 24 ^ lowered(0) << 16 ^ lowered(last / 2) << 8 ^
         lowered(last);
}

bool few_have_repeats(const FieldList& headers) {
  std::array<uint32_t, kFew> keys;
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string_view name = headers[i].name;
    keys[i] = key_of(name);
    for (size_t before = 0; before < i; ++before) {
      if (keys[before] == keys[i] && equal_ignoring_case(headers[before].name, name)) return true;
    }
  }
  return false;
}

}  // namespace

void canonical_name(std::string_view name, std::string& out) {
  out.resize(name.size());
  bool starts_word = true;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const auto letter = static_cast<unsigned char>((c | 0x20) - 'a');  // 0 to 25 for A-Z, a-z
    out[i] = letter > 25 ? c : static_cast<char>(letter + (starts_word ? 'A' : 'a'));
    starts_word = c == '-';
  }
}

std::string canonical_name(std::string_view name) {
  std::string out;
  canonical_name(name, out);
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

std::string joined_values(const FieldList& headers, std::string_view name) {
  std::string joined;
  for (const Header header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += header.value;
  }
  return joined;
}

std::string body_codings(const FieldList& headers) {
  std::string codings = joined_values(headers, "content-encoding");
  const std::string transfer = joined_values(headers, "transfer-encoding");
  std::string_view left = transfer;
  const auto drop_end = [&left](std::string_view of) {
    left = left.substr(0, left.find_last_not_of(of) + 1);
  };
  drop_end(", \t");  // empty elements do not count (RFC 9110, 5.6.1.2)
  const size_t last = std::min(left.find_first_not_of(" \t", left.rfind(',') + 1), left.size());
  if (equal_ignoring_case(left.substr(last), "chunked")) left = left.substr(0, last);
  drop_end(", \t");
  if (left.empty()) return codings;
  if (!codings.empty()) codings += ", ";
  return codings.append(left);
}

bool has_repeats(const FieldList& headers) {
  if (headers.size() <= kFew) return few_have_repeats(headers);
  std::vector<std::string> names;
  names.reserve(headers.size());
  for (const Header header : headers) names.push_back(lower(header.name));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace qtap::http
