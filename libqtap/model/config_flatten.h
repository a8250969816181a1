// SPDX-License-Identifier: Apache-2.0
// In: the tree of a YAML document. Out: dotted keys with their values, each checked against the
// option table.
#pragma once

#include <string>
#include <vector>

#include "model/config.h"
#include "model/config_yaml.h"

namespace qtap {

// Of one document.
struct FlatConfig {
  Config::Entries entries;
  std::vector<Mistake> mistakes;
  std::vector<std::string> warnings;  // with their place
};

// `name` is that of the document, for warnings and entries.
void flatten(const YamlNode& root, const std::string& name, const Config::Environment& environment,
             FlatConfig& ret);

}  // namespace qtap
