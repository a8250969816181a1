// SPDX-License-Identifier: Apache-2.0
// In: the key file of a service account of Google's cloud. Out: an assertion that is exchanged for
// an access token (RFC 7523; RS256 of RFC 7518, 3.3), and what the exchange says. Pure: texts in,
// texts out. Nothing here tells what a key or a token is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "s3/secret.h"

namespace qtap::gcs {

inline constexpr std::string_view kScope = "https://www.googleapis.com/auth/devstorage.read_write";
inline constexpr int64_t kAssertionSeconds = 3600;  // the longest that Google takes

struct ServiceAccount {
  std::string client_email;
  std::string private_key_id;
  s3::Secret private_key;  // PEM, PKCS #8
  std::string token_uri;
};

// QTAP_ERR_INVALID: no JSON, or one of another type (a user, a federation: not done), or what it
// needs is missing. Says which member is wrong, never what it holds.
Result<ServiceAccount> read_service_account(std::string_view json);

// "header.claims.signature", good for an hour from `now_s` (since 1970 UTC). QTAP_ERR_INVALID: the
// private key is none of RSA.
Result<std::string> make_assertion(const ServiceAccount& account, int64_t now_s);

// The body of the request to token_uri.
std::string token_form(std::string_view assertion);

struct Token {
  s3::Secret text;
  int64_t seconds = 0;  // that it is good for
};

// Of a token endpoint, or of the metadata server. QTAP_ERR_INVALID: no token in it.
Result<Token> read_token(std::string_view json);

// Of a refusal: "invalid_grant, Invalid JWT Signature."; "" = it says nothing (RFC 6749, 5.2).
std::string refusal_of(std::string_view json);

}  // namespace qtap::gcs
