// SPDX-License-Identifier: Apache-2.0
#include "s3/secret.h"

#include <openssl/crypto.h>

namespace qtap::s3 {

void cleanse(void* bytes, size_t size) {
  if (size > 0) OPENSSL_cleanse(bytes, size);
}

bool same(const Secret& a, const Secret& b) {
  const std::string_view left = a.reveal();
  const std::string_view right = b.reveal();
  return left.size() == right.size() &&
         (left.empty() || CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0);
}

}  // namespace qtap::s3
