// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstring>
#include <memory>
#include <new>

namespace qtap {
namespace {

using Digest = std::array<unsigned char, 32>;
using Sha1 = std::array<unsigned char, 20>;

template <size_t kSize>
std::string hex(const std::array<unsigned char, kSize>& digest) {
  static constexpr auto kPairs = [] {
    constexpr char kHex[] = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> pairs = {};
    for (size_t byte = 0; byte < pairs.size(); ++byte) {
      pairs[byte] = {kHex[byte >> 4], kHex[byte & 15]};
    }
    return pairs;
  }();
  std::array<char, 2 * kSize> text;
  for (size_t i = 0; i < digest.size(); ++i) memcpy(&text[2 * i], kPairs[digest[i]].data(), 2);
  return {text.data(), text.size()};
}

// Looking the algorithm up costs more than hashing a small object: once per process, kept for ever.
const EVP_MD* sha256() {
  static EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

}  // namespace

// To make and free a context for each text takes longer than to hash a short one. OpenSSL wipes
// what it holds of the text when the digest is taken.
std::string sha256_hex(std::string_view data) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  Digest digest = {};
  if (!context) context.reset(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), sha256(), nullptr) != 1) throw std::bad_alloc();
  EVP_DigestUpdate(context.get(), data.data(), data.size());
  EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
  return hex(digest);
}

std::string sha1_hex(std::string_view data) {
  Sha1 digest = {};
  if (EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1) {
    throw std::bad_alloc();
  }
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
