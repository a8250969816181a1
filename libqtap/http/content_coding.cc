// SPDX-License-Identifier: Apache-2.0
#include "http/content_coding.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace qtap::http {
namespace {

constexpr size_t kMaxNameBytes =
    64;  // of an unknown name; those of the IANA registry have up to 12

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Coding> coding_of(std::string_view name) {
  if (equal_ignoring_case(name, "gzip") || equal_ignoring_case(name, "x-gzip"))
    return Coding::kGzip;
  if (equal_ignoring_case(name, "deflate")) return Coding::kDeflate;
  if (equal_ignoring_case(name, "br")) return Coding::kBrotli;
  if (equal_ignoring_case(name, "zstd")) return Coding::kZstd;
  return std::nullopt;
}

std::string printable_name(std::string_view name) {
  std::string out = lower(name.substr(0, kMaxNameBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

CodingList failed(CodingList::Outcome outcome, std::string unknown) {
  return {outcome, {}, std::move(unknown)};
}

}  // namespace

const char* coding_name(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kDeflate:
      return "deflate";
    case Coding::kBrotli:
      return "br";
    case Coding::kZstd:
      break;
  }
  return "zstd";
}

CodingList parse_content_encoding(std::string_view value) {
  CodingList list;
  while (!value.empty()) {
    const size_t comma = std::min(value.find(','), value.size());
    const std::string_view name = trimmed(value.substr(0, comma));
    value.remove_prefix(std::min(comma + 1, value.size()));
    if (name.empty() || equal_ignoring_case(name, "identity")) continue;
    const std::optional<Coding> coding = coding_of(name);
    if (!coding) return failed(CodingList::Outcome::kUnknown, printable_name(name));
    if (list.codings.size() == kMaxCodings) return failed(CodingList::Outcome::kTooMany, {});
    list.codings.push_back(*coding);
  }
  return list;
}

}  // namespace qtap::http
