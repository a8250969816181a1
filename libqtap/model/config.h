// SPDX-License-Identifier: Apache-2.0
// In: keys and texts, from the host or a YAML document. Out: the same, each checked against the
// option table; resolve() makes typed Settings of them and checks that they fit together. Owns its
// texts. One thread at a time. Nothing is dropped but legacy keys, with a warning.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/config_yaml.h"
#include "model/settings.h"

namespace qtap {

class Config {
 public:
  struct Entry {
    std::string value;
    Position position;  // line 0: set() was called
    std::string file;   // name of the document
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  // Reads an environment variable; nullopt: not set.
  using Environment = std::function<std::optional<std::string>(const std::string&)>;

  // QTAP_ERR_INVALID, QTAP_ERR_UNSUPPORTED (known, but not in this version).
  Status set(std::string_view key, std::string_view value);

  // Adds the options of a YAML document; a later value replaces an earlier one of the same key. On
  // failure nothing is changed and the text holds one line per mistake, at most 20, each
  // "NAME:LINE:COLUMN: error: ...".
  Status parse(std::string_view yaml, const std::string& name, const Environment& environment);

  // By concrete key. A stack has an entry "stacks.<name>" without a value, so that one without
  // plugins exists.
  const Entries& entries() const { return entries_; }
  const Entry* find(std::string_view key) const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Entries entries_;
  std::vector<std::string> warnings_;
};

// "NAME:LINE:COLUMN: " of an entry from a document, else "".
std::string place_text(const Config::Entry& entry);

// QTAP_ERR_INVALID, QTAP_ERR_UNSUPPORTED: options that do not fit together; one line.
Result<Settings> resolve(const Config& config);

}  // namespace qtap
