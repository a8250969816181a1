// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace qtap {
namespace {

constexpr size_t kBlock =
    3u << 20;  // EVP_EncodeBlock takes an int; whole triples, so that no padding stands inside

}  // namespace

std::string base64(std::string_view data) {
  std::string out;
  out.reserve((data.size() + 2) / 3 * 4 + 1);
  while (!data.empty()) {
    const std::string_view block = data.substr(0, kBlock);
    const size_t had = out.size();
    out.resize(had + (block.size() + 2) / 3 * 4 + 1);  // and the NUL that OpenSSL appends
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + had),
                    reinterpret_cast<const unsigned char*>(block.data()),
                    static_cast<int>(block.size()));
    out.pop_back();
    data.remove_prefix(block.size());
  }
  return out;
}

}  // namespace qtap
