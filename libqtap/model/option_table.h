// SPDX-License-Identifier: Apache-2.0
// Every option there is: feeds qtap_config_set, YAML, flags and docs/options.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap {

enum class OptionType : uint8_t { kBool, kInt, kSize, kDuration, kText, kWord, kWords };

// A key pattern: `*` stands for a name, `[]` for an index.
struct Option {
  const char* key;
  OptionType type;
  const char* default_text;
  const char* words;    // kWord, kWords: what is allowed, comma-separated
  uint64_t min;         // kInt, kSize, kDuration (ns)
  uint64_t max;
  const char* applies;  // plugin or store types that have it, comma-separated; "" = all
  const char* help;
  const char* since;
};

std::span<const Option> option_table();
const char* option_type_name(OptionType type);

// The option of a concrete key ("stacks.main.plugins[0].type"); nullptr: there is none.
const Option* find_option(std::string_view key);

// The nearest word of the table at that place of the key, at an edit distance of at most 2; "" = none.
std::string suggest_key(std::string_view key);

// Keys of existing configurations: ignored with a warning, or of a later version.
enum class KeyKind : uint8_t { kUnknown, kLegacy, kLater };
KeyKind kind_of_unlisted_key(std::string_view key);

// Checks a value against its option; the text names `key` as in config.md 3.
Status check_value(const Option& option, std::string_view key, std::string_view value);

// config.md 4. The value must have passed check_value.
uint64_t parse_size(std::string_view value);
int64_t parse_duration_ns(std::string_view value);
Result<uint64_t> try_size(std::string_view value);
Result<int64_t> try_duration_ns(std::string_view value);

}  // namespace qtap
