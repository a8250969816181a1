// SPDX-License-Identifier: Apache-2.0
#include "base/place.h"

#include <algorithm>

namespace qtap {
namespace {

// The next {{NAME}} of `text` from `from` on; its name is empty where there is none.
struct Found {
  size_t at = std::string_view::npos;
  std::string_view name;
  size_t end() const { return at + name.size() + 4; }
};

Found next_placeholder(std::string_view text, size_t from) {
  const size_t at = text.find("{{", from);
  if (at == std::string_view::npos) return {};
  const size_t end = text.find("}}", at);
  if (end == std::string_view::npos) return {};
  return {at, text.substr(at + 2, end - at - 2)};
}

}  // namespace

std::string expand(std::string_view text, std::span<const Placeholder> known) {
  std::string out;
  size_t done = 0;
  for (Found found = next_placeholder(text, 0); found.at != std::string_view::npos;
       found = next_placeholder(text, found.end())) {
    const auto place = std::find_if(known.begin(), known.end(), [&](const Placeholder& candidate) {
      return candidate.name == found.name;
    });
    if (place == known.end()) continue;
    out.append(text.substr(done, found.at - done)).append(place->value);
    done = found.end();
  }
  return out.append(text.substr(done));
}

std::vector<std::string_view> placeholders_in(std::string_view text) {
  std::vector<std::string_view> names;
  for (Found found = next_placeholder(text, 0); found.at != std::string_view::npos;
       found = next_placeholder(text, found.end())) {
    names.push_back(found.name);
  }
  return names;
}

}  // namespace qtap
