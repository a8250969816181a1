// SPDX-License-Identifier: Apache-2.0
#include "model/option_reader.h"

#include "model/option_key.h"
#include "model/option_table.h"

namespace qtap {

std::string OptionReader::text(const std::string& key, std::string_view type) const {
  if (const Config::Entry* entry = config_.find(key)) return entry->value;
  const Option* option = find_option(pattern_of(key), type);
  if (!option) return "";
  return *option->falls_back == '\0' ? option->default_text : text(option->falls_back);
}

}  // namespace qtap
