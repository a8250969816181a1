// SPDX-License-Identifier: Apache-2.0
// The two files that all AWS tools share: ~/.aws/config with [profile NAME] and ~/.aws/credentials
// with [NAME].
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/surroundings.h"

namespace qtap::s3 {

// Keys in lower case. Secrets among them: never printed.
using Profile = std::map<std::string, std::string, std::less<>>;

// "[name]" sections of an INI text; lines indented below a key that has no value are left out (they
// belong to other services' settings). Error: "line 3: ...", never what it says.
Result<std::map<std::string, Profile, std::less<>>> parse_ini(std::string_view text);

class Profiles {
 public:
  // Reads both files; one that is not there is empty. Where: AWS_CONFIG_FILE and
  // AWS_SHARED_CREDENTIALS_FILE, else below HOME.
  static Result<Profiles> load(const Surroundings& in);

  // Of both files, that of credentials winning; null: neither has it.
  const Profile* find(std::string_view name) const;
  // Of one file.
  const Profile* in_credentials(std::string_view name) const;
  const Profile* in_config(std::string_view name) const;

  const std::string& config_path() const { return config_path_; }
  const std::string& credentials_path() const { return credentials_path_; }

 private:
  std::string config_path_;
  std::string credentials_path_;
  std::map<std::string, Profile, std::less<>> config_;
  std::map<std::string, Profile, std::less<>> credentials_;
  std::map<std::string, Profile, std::less<>> merged_;
};

// The value of a key, or nothing when it is not there or empty.
std::optional<std::string> value_of(const Profile& profile, std::string_view key);

}  // namespace qtap::s3
