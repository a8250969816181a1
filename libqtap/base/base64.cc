// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <openssl/evp.h>

#include <cstdint>

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

std::optional<std::string> base64url_bytes(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace qtap
