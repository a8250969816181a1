// SPDX-License-Identifier: Apache-2.0
#include "s3/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <new>

namespace qtap::s3 {
namespace {

// Looking an algorithm up costs more than a short HMAC: once per process, kept for ever.
EVP_MAC* hmac() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  return mac;
}

// OpenSSL fails here only for want of memory: the algorithms are built in.
void must(bool done) {
  if (!done) throw std::bad_alloc();
}

}  // namespace

void Hmac::Free::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);  // which cleanses the key
}

Hmac::Hmac(std::span<const unsigned char> key) : context_(EVP_MAC_CTX_new(hmac())) {
  static constexpr unsigned char kNothing = 0;
  char name[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, sizeof name - 1),
      OSSL_PARAM_construct_end()};
  must(context_ != nullptr);
  // A null key would mean "the one before".
  must(EVP_MAC_init(context_.get(), key.empty() ? &kNothing : key.data(), key.size(), parameters) ==
       1);
}

Hmac::Hmac(const Hmac& other) : context_(EVP_MAC_CTX_dup(other.context_.get())) {
  must(context_ != nullptr);
}

Digest Hmac::digest(std::string_view text) {
  Digest digest;
  size_t size = 0;
  must(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1);
  must(EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()),
                      text.size()) == 1);
  must(EVP_MAC_final(context_.get(), digest.data(), &size, digest.size()) == 1);
  return digest;
}

std::string Hmac::hex(std::string_view text) {
  const Digest bytes = digest(text);
  return s3::hex(bytes);
}

std::string hex(std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(2 * bytes.size(), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kDigits[bytes[i] >> 4];
    text[2 * i + 1] = kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace qtap::s3
