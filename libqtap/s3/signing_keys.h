// SPDX-License-Identifier: Apache-2.0
// The keys that are derived of secret keys, one for each day, region and service ("Calculate the
// signature"). Deriving takes four HMACs, so they are kept. Any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "s3/hmac.h"
#include "s3/secret.h"

namespace qtap::s3 {

struct Scope {
  std::string region;
  std::string service;
};

class SigningKeys {
 public:
  // In lower-case hex. `day` is "20150830".
  std::string sign(const Secret& secret_key, std::string_view day, const Scope& scope,
                   std::string_view text);

  // To sign many texts on one's own thread.
  Hmac key(const Secret& secret_key, std::string_view day, const Scope& scope);

  // How many keys were derived so far.
  size_t derived() const;

 private:
  // Two days, around midnight, of a few stores.
  static constexpr size_t kKept = 8;

  struct Entry {
    Secret secret_key;
    std::string day;
    std::string region;
    std::string service;
    Hmac hmac;
  };
  Hmac& find(const Secret& secret_key, std::string_view day, const Scope& scope);

  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // the one that was used last comes first
  size_t derived_ = 0;
};

}  // namespace qtap::s3
