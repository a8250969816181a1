// SPDX-License-Identifier: Apache-2.0
#include "model/object.h"

#include "base/sha256.h"

namespace qtap {

const std::string& digest_of(const Object& object, DigestKind kind) {
  if (kind == DigestKind::kSha256) return object.digest;
  std::call_once(object.sha1_once, [&] { object.sha1 = sha1_hex(object.data); });
  return object.sha1;
}

}  // namespace qtap
