// SPDX-License-Identifier: Apache-2.0
#include "s3/profile_credentials.h"

#include <algorithm>
#include <utility>

#include "s3/credential_json.h"
#include "s3/metadata.h"
#include "s3/process.h"
#include "s3/sts.h"
#include "s3/timestamp.h"

namespace qtap::s3 {
namespace {

constexpr int64_t kProcessTimeoutNs = 60'000'000'000;  // it may ask a password manager
constexpr size_t kMaxChain = 16;                       // of roles that need roles

const std::optional<Credentials> kNone;

Error wrong(const std::string& profile, std::string_view why) {
  return {QTAP_ERR_INVALID, "profile \"" + profile + "\": " + std::string(why)};
}

Found from(Result<Credentials> credentials, const std::string& source) {
  if (!credentials)
    return Error(credentials.error().status, source + ": " + credentials.error().text);
  credentials->source = source;
  return std::optional<Credentials>(*std::move(credentials));
}

RoleRequest role_of(const Profile& profile, const Surroundings& in, std::string region) {
  RoleRequest role;
  role.role_arn = value_of(profile, "role_arn").value_or("");
  role.session_name = session_name_or(value_of(profile, "role_session_name").value_or(""), in);
  role.external_id = value_of(profile, "external_id").value_or("");
  role.duration_seconds = value_of(profile, "duration_seconds").value_or("");
  role.region = std::move(region);
  role.endpoint = sts_endpoint(in);
  return role;
}

}  // namespace

std::string session_name_or(std::string given, const Surroundings& in) {
  return given.empty() ? "libqtap-" + std::to_string(in.now_s()) : std::move(given);
}

std::string sts_endpoint(const Surroundings& in) {
  const auto own = in.variable("AWS_ENDPOINT_URL_STS");
  return own ? *own : in.variable("AWS_ENDPOINT_URL").value_or("");
}

Found environment_credentials(const Surroundings& in) {
  auto key = in.variable("AWS_ACCESS_KEY_ID");
  auto secret = in.variable("AWS_SECRET_ACCESS_KEY");
  if (!key) return kNone;
  if (!secret) {
    return Error(QTAP_ERR_INVALID,
                 "environment: AWS_ACCESS_KEY_ID is set, but not AWS_SECRET_ACCESS_KEY");
  }
  Credentials out;
  out.access_key_id = *key;
  out.secret_key = Secret(*secret);
  auto token = in.variable("AWS_SESSION_TOKEN");
  if (!token) token = in.variable("AWS_SECURITY_TOKEN");
  out.session_token = Secret(token.value_or(""));
  out.account_id = in.variable("AWS_ACCOUNT_ID").value_or("");
  if (const auto expiry = in.variable("AWS_CREDENTIAL_EXPIRATION")) {
    out.expires_s = parse_time(*expiry);
    if (!out.expires_s) {
      return Error(QTAP_ERR_INVALID,
                   "environment: AWS_CREDENTIAL_EXPIRATION: expected a time of ISO 8601");
    }
  }
  out.source = "environment";
  return std::optional<Credentials>(std::move(out));
}

std::string ProfileCredentials::region_of(const Profile& profile) const {
  return region_.empty() ? value_of(profile, "region").value_or("us-east-1") : region_;
}

Found ProfileCredentials::keys_of(const Profile* profile, const std::string& where) const {
  if (profile == nullptr) return kNone;
  const auto key = value_of(*profile, "aws_access_key_id");
  const auto secret = value_of(*profile, "aws_secret_access_key");
  if (!key) return kNone;
  if (!secret) {
    return Error(QTAP_ERR_INVALID,
                 where + ": aws_access_key_id is there, but not aws_secret_access_key");
  }
  Credentials out;
  out.access_key_id = *key;
  out.secret_key = Secret(*secret);
  out.session_token = Secret(value_of(*profile, "aws_session_token").value_or(""));
  out.account_id = value_of(*profile, "aws_account_id").value_or("");
  out.source = where;
  return std::optional<Credentials>(std::move(out));
}

Found ProfileCredentials::from_credentials_file(const std::string& name) const {
  return keys_of(profiles_.in_credentials(name),
                 "profile \"" + name + "\" of " + profiles_.credentials_path());
}

Found ProfileCredentials::from_config_file(const std::string& name) const {
  return keys_of(profiles_.in_config(name),
                 "profile \"" + name + "\" of " + profiles_.config_path());
}

Found ProfileCredentials::from_process(const std::string& name) const {
  const Profile* profile = profiles_.find(name);
  const auto command = profile == nullptr ? std::nullopt : value_of(*profile, "credential_process");
  if (!command) return kNone;
  const std::string source = "profile \"" + name + "\": credential_process";
  const auto argv = split_command(*command);
  if (!argv) return Error(argv.error().status, source + ": " + argv.error().text);
  const auto output = in_.run(*argv, kProcessTimeoutNs);
  if (!output) return Error(output.error().status, source + ": " + output.error().text);
  return from(credentials_of_json(output->reveal(), JsonDialect::kProcess), source);
}

Found ProfileCredentials::web_identity(const std::string& name) const {
  const Profile* profile = profiles_.find(name);
  const auto path =
      profile == nullptr ? std::nullopt : value_of(*profile, "web_identity_token_file");
  if (!path) return kNone;
  const RoleRequest role = role_of(*profile, in_, region_of(*profile));
  if (role.role_arn.empty()) return wrong(name, "web_identity_token_file needs role_arn");
  return from(assume_role_with_web_identity(in_, role, *path),
              "profile \"" + name + "\": web identity, role " + role.role_arn);
}

Status ProfileCredentials::refuse_sso(const std::string& name) const {
  const Profile* profile = profiles_.find(name);
  if (profile == nullptr) return {};
  for (const auto& [key, value] : *profile) {
    if (!key.starts_with("sso_") && key != "login_session") continue;
    return Error(
        QTAP_ERR_UNSUPPORTED,
        "profile \"" + name + "\": " + key +
            ": single sign-on wants a person, libqtap does not do it; use a role, web "
            "identity, or credential_process = aws configure export-credentials --profile " +
            name);
  }
  return {};
}

Result<Credentials> ProfileCredentials::credential_source(const std::string& word,
                                                          const std::string& name) const {
  Found found = kNone;
  if (word == "Environment") {
    found = environment_credentials(in_);
  } else if (word == "EcsContainer") {
    found = container_credentials(in_);
  } else if (word == "Ec2InstanceMetadata") {
    found = instance_credentials(in_);
  } else {
    return wrong(name,
                 "credential_source: expected Environment, Ec2InstanceMetadata or EcsContainer");
  }
  if (!found) return std::move(found).error();
  if (!*found) return wrong(name, "credential_source = " + word + ": has no credentials");
  return **std::move(found);
}

// The profile that a role is asked for with. It may be the same, if it has keys of its own.
Found ProfileCredentials::source_profile(const std::string& name, const std::string& by) {
  if (profiles_.find(name) == nullptr) {
    return wrong(by, "source_profile: there is no profile \"" + name + "\"");
  }
  const bool is_loop = std::find(on_the_way_.begin(), on_the_way_.end(), name) != on_the_way_.end();
  if (is_loop && name != by) return wrong(by, "source_profile: leads back to \"" + name + "\"");
  if (on_the_way_.size() > kMaxChain) return wrong(by, "source_profile: too many roles in a row");
  using Place = Found (ProfileCredentials::*)(const std::string&) const;
  if (!is_loop) {
    Found role = assumed_role(name);
    if (!role || *role) return role;
    QTAP_CHECK(refuse_sso(name));
  }
  for (const Place place :
       {&ProfileCredentials::web_identity, &ProfileCredentials::from_credentials_file,
        &ProfileCredentials::from_process, &ProfileCredentials::from_config_file}) {
    if (is_loop && place == &ProfileCredentials::web_identity) continue;
    Found found = (this->*place)(name);
    if (!found || *found) return found;
  }
  return wrong(by, "source_profile: \"" + name + "\" has no credentials");
}

Found ProfileCredentials::assumed_role(const std::string& name) {
  const Profile* profile = profiles_.find(name);
  if (profile == nullptr || !value_of(*profile, "role_arn") ||
      value_of(*profile, "web_identity_token_file")) {
    return kNone;
  }
  const auto source = value_of(*profile, "source_profile");
  const auto other = value_of(*profile, "credential_source");
  if (source.has_value() == other.has_value()) {
    return wrong(name, "role_arn needs either source_profile or credential_source");
  }
  if (value_of(*profile, "mfa_serial")) {
    return wrong(name, "mfa_serial: a code wants a person; use a role without it");
  }
  const RoleRequest role = role_of(*profile, in_, region_of(*profile));
  on_the_way_.push_back(name);
  std::optional<Credentials> by;
  if (source) {
    QTAP_TRY(by, source_profile(*source, name));
  } else {
    QTAP_TRY(by, credential_source(*other, name));
  }
  on_the_way_.pop_back();
  return from(assume_role(in_, role, *by), "profile \"" + name + "\": role " + role.role_arn);
}

}  // namespace qtap::s3
