// SPDX-License-Identifier: Apache-2.0
#include "s3/credential_chain.h"

#include <utility>

#include "s3/metadata.h"
#include "s3/profile_credentials.h"
#include "s3/profiles.h"
#include "s3/sts.h"

namespace qtap::s3 {
namespace {

const std::optional<Credentials> kNone;

std::string region_of(const Surroundings& in, const ChainOptions& options) {
  if (!options.region.empty()) return options.region;
  const auto region = in.variable("AWS_REGION");
  return region ? *region : in.variable("AWS_DEFAULT_REGION").value_or("");
}

// IRSA: Kubernetes sets both.
Found web_identity(const Surroundings& in, const std::string& region) {
  const auto path = in.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const auto arn = in.variable("AWS_ROLE_ARN");
  if (!path) return kNone;
  if (!arn) {
    return Error(QTAP_ERR_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but not AWS_ROLE_ARN");
  }
  RoleRequest role;
  role.role_arn = *arn;
  role.session_name = session_name_or(in.variable("AWS_ROLE_SESSION_NAME").value_or(""), in);
  role.region = region.empty() ? "us-east-1" : region;
  role.endpoint = sts_endpoint(in);
  auto credentials = assume_role_with_web_identity(in, role, *path);
  const std::string source = "web identity, role " + *arn;
  if (!credentials)
    return Error(credentials.error().status, source + ": " + credentials.error().text);
  credentials->source = source;
  return std::optional<Credentials>(*std::move(credentials));
}

Result<Credentials> given(const ChainOptions& options) {
  if (options.access_key_id.empty() || options.secret_key.empty()) {
    return Error(QTAP_ERR_INVALID, "access key and secret key: one is given without the other");
  }
  Credentials out;
  out.access_key_id = options.access_key_id;
  out.secret_key = options.secret_key;
  out.session_token = options.session_token;
  out.source = "configuration";
  return out;
}

Found from_files(const Surroundings& in, const Profiles& profiles, const std::string& profile,
                 const std::string& region) {
  ProfileCredentials of(in, profiles, region);
  Found found = of.assumed_role(profile);
  if (!found || *found) return found;
  found = web_identity(in, region);
  if (!found || *found) return found;
  found = of.web_identity(profile);
  if (!found || *found) return found;
  QTAP_CHECK(of.refuse_sso(profile));
  found = of.from_credentials_file(profile);
  if (!found || *found) return found;
  found = of.from_process(profile);
  if (!found || *found) return found;
  return of.from_config_file(profile);
}

std::string profile_of(const Surroundings& in, const ChainOptions& options) {
  if (!options.profile.empty()) return options.profile;
  const auto name = in.variable("AWS_PROFILE");
  return name ? *name : in.variable("AWS_DEFAULT_PROFILE").value_or("default");
}

}  // namespace

Result<Credentials> find_credentials(const Surroundings& in, const ChainOptions& options) {
  if (!options.access_key_id.empty() || !options.secret_key.empty()) return given(options);
  if (options.profile.empty()) {
    Found found = environment_credentials(in);
    if (!found) return std::move(found).error();
    if (*found) return **std::move(found);
  }
  QTAP_TRY(const Profiles profiles, Profiles::load(in));
  const std::string profile = profile_of(in, options);
  if (profile != "default" && profiles.find(profile) == nullptr) {
    return Error(QTAP_ERR_NOTFOUND, "profile \"" + profile + "\": is neither in " +
                                        profiles.config_path() + " nor in " +
                                        profiles.credentials_path());
  }
  Found found = from_files(in, profiles, profile, region_of(in, options));
  if (found && !*found) found = container_credentials(in);
  if (found && !*found) found = instance_credentials(in);
  if (!found) return std::move(found).error();
  if (*found) return **std::move(found);
  return Error(QTAP_ERR_NOTFOUND,
               "find credentials: none in the environment (AWS_ACCESS_KEY_ID), in " +
                   profiles.credentials_path() + " and " + profiles.config_path() + " (profile \"" +
                   profile +
                   "\"), by web identity (AWS_WEB_IDENTITY_TOKEN_FILE), of a container "
                   "(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI) or of the instance");
}

}  // namespace qtap::s3
