// SPDX-License-Identifier: Apache-2.0
// What must fit together in a configuration: ids, names and types of different keys.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace qtap {

struct Conflict {
  std::string key;  // of the entry at fault
  Error error;
};

// Entries under which keys are checked; keys of the options that a plugin or store type does not
// have, values that it does not take, duplicate ids, stacks that do not exist, sizes that are no
// power of two.
std::vector<Conflict> find_conflicts(const Config::Entries& entries);

// What may be completed by later calls: required keys, the file of a replay.
std::vector<Conflict> find_gaps(const Config::Entries& entries);

// QTAP_ERR_INVALID: an element of a list, of that type ("" when not known), lacks an option.
Error missing_option(const std::string& element, const std::string& type, std::string_view word);

// The indices that appear in the keys of a list, in order.
std::vector<size_t> indices_of(const Config::Entries& entries, const std::string& list);

// The names of the stacks.
std::vector<std::string_view> stack_names(const Config::Entries& entries);

}  // namespace qtap
