// SPDX-License-Identifier: Apache-2.0
// In: a YAML document (the part of YAML that spec/config.md 2 allows). Out: a tree of maps, lists
// and texts. The tree owns its texts. Any thread. Documents above 1 MiB or 32 levels are refused,
// with the place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace qtap {

// Counted from 1; line 0: not from a document.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
};

// Something wrong in a document, in a line for people.
struct Mistake {
  Position position;
  Error error;
};

// config.md 3: so many mistakes are listed.
constexpr size_t kMaxMistakes = 20;

struct YamlMember;

struct YamlNode {
  enum class Kind : uint8_t { kNull, kText, kMap, kList };
  Kind kind = Kind::kNull;
  std::string text;
  Position position;
  std::vector<YamlMember> members;  // kMap
  std::vector<YamlNode> items;      // kList
};

struct YamlMember {
  std::string key;
  Position position;
  YamlNode value;
};

// The member of that name; nullptr: there is none, or the node is no map.
const YamlNode* find_member(const YamlNode& map, std::string_view key);

// False: the document could not be read to its end. An empty document is an empty map; duplicate
// keys are mistakes but no obstacle, and are all in the tree.
bool read_yaml(std::string_view yaml, YamlNode& ret, std::vector<Mistake>& mistakes);

}  // namespace qtap
