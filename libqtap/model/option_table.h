// SPDX-License-Identifier: Apache-2.0
// Every option there is: one table feeds qtap_config_set, YAML, flags and docs/options.md.
// In: a key pattern such as "stacks.*.plugins[].config.mode" (`*`: a name, `[]`: an index). Out:
// its row. Static data, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

enum class OptionType : uint8_t {
  kBool,
  kInt,
  kSize,
  kDuration,
  kShare,  // of one CPU: "5%", or "none"
  kText,
  kPath,
  kWord,    // one of `words`
  kWords,   // some of `words`, comma-separated or a YAML list
  kSecret,  // value source of config.md 4; never printed
};

// Two rows may share a key when it means something else for another plugin or store type.
struct Option {
  const char* key;
  OptionType type;
  const char* default_text = "";
  const char* words = "";        // kWord, kWords: what is allowed, comma-separated
  const char* later_words = "";  // words of spec/config.md that a later version brings
  uint64_t min = 0;              // kInt, kSize, kDuration (ns), kShare (ns of CPU per second)
  uint64_t max = UINT64_MAX;
  uint64_t max_now = UINT64_MAX;  // what lies above is for a later version
  const char* applies = "";       // plugin or store types that have it, comma-separated; "" = all
  bool required = false;          // in each element of its list
  bool expands = false;           // ${NAME} in a document is the environment's (config.md 4)
  // The key whose value it has where it is not set; with a default_text only if that one is set.
  const char* falls_back = "";
  const char* help = "";
  const char* since = "0.1";
};

// In the order of docs/options.md.
std::span<const Option> option_table();
const char* option_type_name(OptionType type);

// The row of a pattern for a plugin or store type; nullptr: there is none. With type "": the first
// row.
const Option* find_option(std::string_view pattern, std::string_view type = {});
bool applies_to(const Option& option, std::string_view type);

// What stands at a pattern.
enum class Shape : uint8_t { kNothing, kValue, kMap, kNamedMap, kList };
Shape shape_of(std::string_view pattern);

// The keys below a pattern that the type has.
std::vector<std::string_view> keys_below(std::string_view pattern, std::string_view type);

// Those directly below it that each element of that type must have: not those of lists inside.
std::vector<std::string_view> required_below(std::string_view pattern, std::string_view type);

// Keys of spec/config.md that are not in the table: ignored with a warning, or of a later version.
enum class KeyKind : uint8_t { kOther, kLegacy, kLater };
KeyKind kind_of_key(std::string_view pattern);

}  // namespace qtap
