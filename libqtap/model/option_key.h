// SPDX-License-Identifier: Apache-2.0
// Concrete keys ("stacks.main.plugins[1].config.level") and their patterns
// ("stacks.*.plugins[].config.level").
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap {

// The pattern of a concrete key; "" when it is malformed (an index above 999, a bad stack name, an
// empty part).
std::string pattern_of(std::string_view key);

// Stack names are [A-Za-z0-9_.-]+ (spec/config.md 5).
bool is_stack_name(std::string_view name);

// "main" of "stacks.main" and of "stacks.main.plugins[1].type"; "" for other keys.
std::string_view stack_of(std::string_view key);

// The key whose value says which plugin or store type `key` belongs to; "" for other keys.
std::string type_key_of(std::string_view key);

// How errors name a key: without "services.".
std::string_view display_key(std::string_view key);

// `type` is that of the plugin or store, "" when not known.
Error unknown_key(std::string_view key, std::string_view type);

// `what`: the key between quotes, and where it was looked for.
Error unknown_key(const std::string& what);

// The line for a key of spec/config.md 2 that has no meaning any more; `place` as place_text().
std::string legacy_warning(const std::string& place, std::string_view key);

// Checks that the key exists for that type, in this version, and takes that value.
// QTAP_ERR_INVALID, QTAP_ERR_UNSUPPORTED.
Status check_entry(std::string_view key, std::string_view pattern, std::string_view type,
                   std::string_view value);

}  // namespace qtap
