// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace qtap {
namespace {

using Digest = std::array<unsigned char, 32>;

std::string hex(const Digest& digest) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text(2 * digest.size(), '\0');
  char* at = text.data();
  for (const unsigned char byte : digest) {
    *at++ = kHex[byte >> 4];
    *at++ = kHex[byte & 15];
  }
  return text;
}

// Looking the algorithm up costs more than hashing a small object: once per process, kept for ever.
const EVP_MD* sha256() {
  static EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

}  // namespace

std::string sha256_hex(std::string_view data) {
  Digest digest = {};
  EVP_Digest(data.data(), data.size(), digest.data(), nullptr, sha256(), nullptr);
  return hex(digest);
}

std::string hmac_sha256_hex(std::string_view key, std::string_view data) {
  Digest digest = {};
  unsigned int len = digest.size();
  HMAC(sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(), &len);
  return hex(digest);
}

}  // namespace qtap
