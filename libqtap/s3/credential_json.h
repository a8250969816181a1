// SPDX-License-Identifier: Apache-2.0
// The JSON in which programs, containers and instances tell credentials.
#pragma once

#include <string_view>

#include "base/result.h"
#include "s3/request.h"

namespace qtap::s3 {

enum class JsonDialect {
  kProcess,    // Version 1, AccessKeyId, SecretAccessKey, [SessionToken], [Expiration], [AccountId]
  kContainer,  // AccessKeyId, SecretAccessKey, Token, Expiration, [AccountId]
  kInstance,   // the same, and Code: "Success"
};

// Errors tell the name of what is missing or wrong, and the Code of a failure; no values.
Result<Credentials> credentials_of_json(std::string_view text, JsonDialect dialect);

}  // namespace qtap::s3
