// SPDX-License-Identifier: Apache-2.0
// The credential of a request, masked and hashed: all that an event may hold of it.
#pragma once

#include <string>

#include "http/message.h"

namespace qtap {

struct AuthToken {
  bool found = false;
  std::string mask;    // "abcd****"; "****" below 12 characters or for basic
  std::string hash;    // SHA-256 hex, or HMAC with events.hash_key
  std::string source;  // header name: "Authorization", "X-API-Key", ...
  std::string type;    // "bearer", "basic", "digest", "apikey", "other"
};

AuthToken find_auth_token(const http::Request& request, const std::string& hash_key);

}  // namespace qtap
