// SPDX-License-Identifier: Apache-2.0
#include "s3/signing_keys.h"

#include <algorithm>
#include <array>
#include <utility>

namespace qtap::s3 {
namespace {

// "AWS4" before the secret, then day, region, service and "aws4_request", each with the key that
// the one before gave.
Hmac derive(const Secret& secret_key, std::string_view day, const Scope& scope) {
  std::vector<unsigned char> first = {'A', 'W', 'S', '4'};
  const std::string_view secret = secret_key.reveal();
  first.reserve(first.size() + secret.size());  // so that no copy is left where it grew
  first.insert(first.end(), secret.begin(), secret.end());
  Hmac hmac{std::span<const unsigned char>(first)};
  cleanse(first.data(), first.size());
  for (const std::string_view part :
       {day, std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    Digest next = hmac.digest(part);
    hmac = Hmac(std::span<const unsigned char>(next));
    cleanse(next.data(), next.size());
  }
  return hmac;
}

}  // namespace

Hmac& SigningKeys::find(const Secret& secret_key, std::string_view day, const Scope& scope) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.day == day && entry.region == scope.region && entry.service == scope.service &&
           same(entry.secret_key, secret_key);
  });
  if (found != entries_.end()) {
    std::rotate(entries_.begin(), found, found + 1);
    return entries_.front().hmac;
  }
  Entry made{secret_key, std::string(day), scope.region, scope.service,
             derive(secret_key, day, scope)};
  ++derived_;
  if (entries_.size() == kKept) entries_.pop_back();
  entries_.insert(entries_.begin(), std::move(made));
  return entries_.front().hmac;
}

std::string SigningKeys::sign(const Secret& secret_key, std::string_view day, const Scope& scope,
                              std::string_view text) {
  Digest digest;
  {
    // Held while a few hundred bytes are hashed: less than to copy the key for it.
    const std::lock_guard lock(mutex_);
    digest = find(secret_key, day, scope).digest(text);
  }
  return hex(digest);
}

Hmac SigningKeys::key(const Secret& secret_key, std::string_view day, const Scope& scope) {
  const std::lock_guard lock(mutex_);
  return find(secret_key, day, scope);
}

size_t SigningKeys::derived() const {
  const std::lock_guard lock(mutex_);
  return derived_;
}

}  // namespace qtap::s3
