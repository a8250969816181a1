// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <openssl/evp.h>

namespace qtap {
namespace {

constexpr size_t kBlock =
    3u << 20;  // EVP_EncodeBlock takes an int; whole triples, so that no padding stands inside

}  // namespace

char* put_base64(char* at, std::string_view data) {
  while (!data.empty()) {
    const std::string_view block = data.substr(0, kBlock);
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(at),
                    reinterpret_cast<const unsigned char*>(block.data()),
                    static_cast<int>(block.size()));  // and a NUL behind it
    at += base64_size(block.size());
    data.remove_prefix(block.size());
  }
  return at;
}

}  // namespace qtap
