// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace qtap {

// SHA-256 (FIPS 180-4) in lower-case hex; any thread.
std::string sha256_hex(std::string_view data);

// SHA-1 (FIPS 180-4) in lower-case hex: a name that some storages use, no proof of anything. Any
// thread.
std::string sha1_hex(std::string_view data);

// HMAC-SHA-256 (RFC 2104) in lower-case hex; any thread.
std::string hmac_sha256_hex(std::string_view key, std::string_view data);

}  // namespace qtap
