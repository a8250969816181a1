// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA-256 (RFC 2104) that keeps its key: OpenSSL works it in once, so that each text costs the
// hash of the text and one block more. One thread at a time.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;

namespace qtap::s3 {

using Digest = std::array<unsigned char, 32>;

class Hmac {
 public:
  explicit Hmac(std::span<const unsigned char> key);
  explicit Hmac(std::string_view key)
      : Hmac({reinterpret_cast<const unsigned char*>(key.data()), key.size()}) {}
  Hmac(const Hmac& other);
  Hmac(Hmac&&) noexcept = default;
  Hmac& operator=(Hmac&&) noexcept = default;

  Digest digest(std::string_view text);
  std::string hex(std::string_view text);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

// Lower case.
std::string hex(std::span<const unsigned char> bytes);

}  // namespace qtap::s3
