// SPDX-License-Identifier: Apache-2.0
// Where a storage over HTTP keeps an object, and what records say of that
// (spec/events-and-objects.md 5). Pure; any thread.
#pragma once

#include <string>

#include "model/object.h"

namespace qtap::sink {

struct PlaceOptions {
  std::string object_key = "{{DIGEST}}";
  std::string access_url = "{{SCHEME}}://{{ENDPOINT}}/{{BUCKET}}/{{KEY}}";
  DigestKind digest = DigestKind::kSha256;
  std::string host;  // {{HOST}}: this machine
};

class ObjectPlace {
 public:
  // `bucket`: or container.
  ObjectPlace(PlaceOptions options, std::string scheme, std::string endpoint, std::string bucket);

  const std::string& digest_of(const Object& object) const {
    return qtap::digest_of(object, options_.digest);
  }
  std::string key_of(const Object& object) const;
  std::string url_of(const Object& object) const;
  std::string identity(const Object& object) const;

 private:
  const PlaceOptions options_;
  const std::string scheme_;
  const std::string endpoint_;
  const std::string bucket_;
  const bool is_by_digest_;  // equal bytes have one key
};

}  // namespace qtap::sink
