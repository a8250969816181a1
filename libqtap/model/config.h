// SPDX-License-Identifier: Apache-2.0
// What the host asked for: keys and texts, checked one by one against the option table. resolve() turns them into typed
// Settings and checks that they fit together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/settings.h"

namespace qtap {

// Where a value came from; line 0: qtap_config_set().
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
};

class Config {
 public:
  struct Entry {
    std::string value;
    Position position;
  };
  // Reads an environment variable; nullopt: not set.
  using Environment = std::function<std::optional<std::string>(const std::string&)>;

  // QTAP_ERR_INVALID, QTAP_ERR_UNSUPPORTED (known, but not in this version).
  Status set(std::string_view key, std::string_view value);

  // Adds the options of a YAML document. On failure nothing is changed and the text holds one line per mistake, at most
  // 20, each "NAME:LINE:COLUMN: error: ...".
  Status parse(std::string_view yaml, const std::string& name, const Environment& environment);

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  const Entry* find(std::string_view key) const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<std::string> warnings_;
};

// QTAP_ERR_INVALID: options that do not fit together; one line.
Result<Settings> resolve(const Config& config);

}  // namespace qtap
