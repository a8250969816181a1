// SPDX-License-Identifier: Apache-2.0
#include "s3/checksum.h"

#include <openssl/evp.h>

#include "base/base64.h"

namespace qtap::s3 {
namespace {

unsigned char digit(char c) {
  return static_cast<unsigned char>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

std::string base64(std::string_view bytes) {
  std::string out(base64_size(bytes.size()) + 1, '\0');
  out.resize(static_cast<size_t>(put_base64(out.data(), bytes) - out.data()));
  return out;
}

}  // namespace

std::string checksum_sha256(std::string_view sha256_hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < sha256_hex.size(); i += 2) {
    bytes += static_cast<char>(digit(sha256_hex[i]) << 4 | digit(sha256_hex[i + 1]));
  }
  return base64(bytes);
}

Result<std::string> content_md5(std::string_view data) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest, &size, EVP_md5(), nullptr) != 1) {
    return Error(QTAP_ERR_UNSUPPORTED, "Content-MD5: this OpenSSL has no MD5");
  }
  return base64({reinterpret_cast<const char*>(digest), size});
}

}  // namespace qtap::s3
