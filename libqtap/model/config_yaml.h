// SPDX-License-Identifier: Apache-2.0
// In: a YAML document (the part of YAML that spec/config.md 2 allows). Out: dotted keys with values and positions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace qtap {

struct YamlEntry {
  std::string key;  // "stacks.main.plugins[1].type"
  std::string value;
  Position key_position;
  Position value_position;
};

struct YamlMistake {
  Position position;
  std::string text;
};

// Goes on behind a mistake where the document still makes sense. A list of scalars becomes one value "a, b". A map
// {type: env, value: NAME} becomes the variable's value, {type: text, value: X} becomes X, where a plain value stands.
void read_yaml(std::string_view yaml, const Config::Environment& environment,
               std::vector<YamlEntry>& entries, std::vector<YamlMistake>& mistakes);

}  // namespace qtap
