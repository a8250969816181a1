// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qtap {

// Writes base64, standard alphabet, with padding (RFC 4648, 4), to where there is room for
// base64_size() and one byte more. Returns the end.
char* put_base64(char* at, std::string_view data);

constexpr size_t base64_size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// The bytes of base64url without padding (RFC 4648, 5); nullopt: it is none.
std::optional<std::string> base64url_bytes(std::string_view text);

}  // namespace qtap
