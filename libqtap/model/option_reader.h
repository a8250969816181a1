// SPDX-License-Identifier: Apache-2.0
// In: a checked Config. Out: the values of its keys, or their defaults.
#pragma once

#include <string>
#include <string_view>

#include "model/config.h"
#include "model/option_value.h"

namespace qtap {

class OptionReader {
 public:
  explicit OptionReader(const Config& config) : config_(config) {}

  const Config& config() const { return config_; }

  // The value of a key, or its default for that plugin or store type; "" if the type does not have
  // it.
  std::string text(const std::string& key, std::string_view type = {}) const;

  bool is_true(const std::string& key, std::string_view type = {}) const {
    return text(key, type) == "true";
  }
  uint64_t number(const std::string& key) const { return parse_number(text(key)); }
  uint64_t size(const std::string& key) const { return parse_size(text(key)); }
  int64_t duration(const std::string& key) const { return parse_duration_ns(text(key)); }

 private:
  const Config& config_;
};

}  // namespace qtap
