// SPDX-License-Identifier: Apache-2.0
#include "model/option_reader.h"

#include "model/option_key.h"
#include "model/option_table.h"

namespace qtap {

std::string OptionReader::text(const std::string& key, std::string_view type) const {
  if (const Config::Entry* entry = config_.find(key)) return entry->value;
  const Option* option = find_option(pattern_of(key), type);
  if (!option) return "";
  const std::string other = option->falls_back;
  const bool has_own = *option->default_text != '\0' && !config_.find(other);
  return other.empty() || has_own ? option->default_text : text(other);
}

}  // namespace qtap
