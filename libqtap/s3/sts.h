// SPDX-License-Identifier: Apache-2.0
// Asks AWS's Security Token Service for temporary credentials of a role.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/surroundings.h"

namespace qtap::s3 {

struct RoleRequest {
  std::string role_arn;
  std::string session_name;      // 2 to 64 of [A-Za-z0-9=,.@_-]
  std::string external_id;       // may be empty
  std::string duration_seconds;  // the same: an hour
  std::string region;
  std::string endpoint;  // empty: that of the region
};

// AssumeRole, signed by `by`.
Result<Credentials> assume_role(const Surroundings& in, const RoleRequest& role,
                                const Credentials& by);

// AssumeRoleWithWebIdentity: the token, read anew from its file at each call, is proof enough.
Result<Credentials> assume_role_with_web_identity(const Surroundings& in, const RoleRequest& role,
                                                  const std::string& token_path);

// What an XML reply holds, by the names of elements; the first of each name that is asked for.
struct StsReply {
  std::string access_key_id;
  Secret secret_key;
  Secret session_token;
  std::string expiration;
  std::string error_code;
  std::string error_message;
};
Result<StsReply> parse_sts_reply(std::string_view xml);

}  // namespace qtap::s3
