// SPDX-License-Identifier: Apache-2.0
// Credentials that a profile of the shared files tells, and those of roles that it names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "s3/profiles.h"
#include "s3/surroundings.h"

namespace qtap::s3 {

using Found = Result<std::optional<Credentials>>;

class ProfileCredentials {
 public:
  ProfileCredentials(const Surroundings& in, const Profiles& profiles, std::string region)
      : in_(in), profiles_(profiles), region_(std::move(region)) {}

  // role_arn with source_profile or credential_source.
  Found assumed_role(const std::string& name);
  // role_arn with web_identity_token_file.
  Found web_identity(const std::string& name) const;
  // Profiles of SSO and of `aws login` are refused: they want a person.
  Status refuse_sso(const std::string& name) const;
  Found from_credentials_file(const std::string& name) const;
  Found from_process(const std::string& name) const;
  Found from_config_file(const std::string& name) const;

 private:
  Found source_profile(const std::string& name, const std::string& by);
  Result<Credentials> credential_source(const std::string& word, const std::string& name) const;
  Found keys_of(const Profile* profile, const std::string& where) const;
  std::string region_of(const Profile& profile) const;

  const Surroundings& in_;
  const Profiles& profiles_;
  const std::string region_;
  std::vector<std::string> on_the_way_;  // profiles whose role is being asked for
};

// AWS_ACCESS_KEY_ID and its companions. Error: one without the other.
Found environment_credentials(const Surroundings& in);

// "libqtap-" and the time, when no name is given.
std::string session_name_or(std::string given, const Surroundings& in);

std::string sts_endpoint(const Surroundings& in);

}  // namespace qtap::s3
