// SPDX-License-Identifier: Apache-2.0
#include "s3/uri.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace qtap::s3 {
namespace {

constexpr auto kUnreserved = [] {
  std::array<bool, 256> table = {};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : {'-', '_', '.', '~'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_plain(unsigned char byte, Slash slash) {
  return kUnreserved[byte] || (byte == '/' && slash == Slash::kKept);
}

// How many bytes from the front stay as they are.
size_t plain_prefix(std::string_view text, Slash slash) {
  size_t at = 0;
  while (at < text.size() && is_plain(static_cast<unsigned char>(text[at]), slash)) ++at;
  return at;
}

void append_byte(std::string& out, unsigned char byte, Slash slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  if (is_plain(byte, slash)) {
    out += static_cast<char>(byte);
    return;
  }
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

void append_encoded(std::string& out, std::string_view text, Slash slash) {
  while (!text.empty()) {
    const size_t plain = plain_prefix(text, slash);
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    append_byte(out, static_cast<unsigned char>(text[plain]), slash);
    text.remove_prefix(plain + 1);
  }
}

std::string uri_encode(std::string_view text, Slash slash) {
  std::string out;
  append_encoded(out, text, slash);
  return out;
}

std::optional<size_t> bad_escape(std::string_view text) {
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || digit_of(text[at + 1]) < 0 || digit_of(text[at + 2]) < 0)
      return at;
  }
  return std::nullopt;
}

void append_recoded(std::string& out, std::string_view text, Slash slash) {
  while (!text.empty()) {
    const size_t plain = plain_prefix(text, slash);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    const bool is_escape = text[0] == '%';
    const int byte = is_escape ? digit_of(text[1]) * 16 + digit_of(text[2])
                               : static_cast<unsigned char>(text[0]);
    append_byte(out, static_cast<unsigned char>(byte), slash);
    text.remove_prefix(is_escape ? 3 : 1);
  }
}

std::string normalized_path(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_folder = true;
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    at = end + 1;
    if (part == ".." && !kept.empty()) kept.pop_back();
    if (part.empty() || part == "." || part == "..") {
      ends_in_folder = true;
      continue;
    }
    kept.push_back(part);
    ends_in_folder = end < path.size();
  }
  std::string out = "/";
  for (size_t i = 0; i < kept.size(); ++i) {
    out += kept[i];
    if (i + 1 < kept.size() || ends_in_folder) out += '/';
  }
  return out;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (size_t at = 0; at < query.size();) {
    const size_t end = std::min(query.find('&', at), query.size());
    const std::string_view one = query.substr(at, end - at);
    at = end + 1;
    if (one.empty()) continue;
    const size_t equals = std::min(one.find('='), one.size());
    auto& [name, value] = parameters.emplace_back();
    append_recoded(name, one.substr(0, equals), Slash::kEncoded);
    if (equals < one.size()) append_recoded(value, one.substr(equals + 1), Slash::kEncoded);
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

}  // namespace qtap::s3
