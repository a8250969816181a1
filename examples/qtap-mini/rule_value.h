// SPDX-License-Identifier: Apache-2.0
// A field and its value as text in, a typed value out.
#pragma once

#include <qtap/qtap.h>

#include <string>
#include <string_view>
#include <vector>

struct RuleValue {
  std::string name;  // as docs/fields.md has it, without aliases
  std::string text;
  std::vector<qtap_value> items;
  qtap_value value = {};  // borrows from the others
};

// "req.method" is "http.req.method".
std::string canonical_field(std::string_view name);

// Empty on success, else what is wrong with the text for a field of that type.
std::string read_value(RuleValue& ret);

// For people: "abc" in quotes, 10.0.0.1, [1, 2].
std::string shown_value(const qtap_value& value);
