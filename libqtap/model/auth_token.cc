// SPDX-License-Identifier: Apache-2.0
#include "model/auth_token.h"

#include <algorithm>

#include "base/sha256.h"
#include "base/text.h"

namespace qtap {
namespace {

// spec/events-and-objects.md 2.2, in the order in which they are looked for.
constexpr const char* kSources[] = {"Authorization", "X-API-Key", "Api-Key", "APIKey",
                                    "X-Auth-Token"};
constexpr size_t kMinMasked = 12;  // below this, four characters would tell too much
constexpr size_t kShown = 4;

}  // namespace

AuthToken find_auth_token(const http::Request& request, const std::string& hash_key) {
  AuthToken token;
  for (const char* source : kSources) {
    const auto value = http::find_header(request, source);
    if (!value || value->empty()) continue;
    std::string_view secret = *value;
    std::string type = "apikey";
    if (std::string_view(source) == "Authorization") {
      // "Bearer abc" (RFC 9110, 11.6.2): the scheme is no secret.
      const size_t space = secret.find(' ');
      const std::string scheme = lower(secret.substr(0, space));
      const bool is_known = scheme == "bearer" || scheme == "basic" || scheme == "digest";
      type = is_known ? scheme : "other";
      if (is_known) {
        const size_t begin = secret.find_first_not_of(' ', scheme.size());
        secret.remove_prefix(std::min(begin, secret.size()));
        if (secret.empty()) continue;  // a scheme alone is no credential
      }
    }
    token.found = true;
    token.source = source;
    token.type = std::move(type);
    const bool may_show = token.type != "basic" && secret.size() >= kMinMasked;
    token.mask = (may_show ? std::string(secret.substr(0, kShown)) : std::string()) + "****";
    token.hash = hash_key.empty() ? sha256_hex(secret) : hmac_sha256_hex(hash_key, secret);
    return token;
  }
  return token;
}

}  // namespace qtap
