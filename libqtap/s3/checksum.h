// SPDX-License-Identifier: Apache-2.0
// The digests that storages take beside x-amz-content-sha256: in base64, in headers of their own.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap::s3 {

// x-amz-checksum-sha256, from the SHA-256 in hex, which is known already.
std::string checksum_sha256(std::string_view sha256_hex);

// Content-MD5 (RFC 1864). QTAP_ERR_UNSUPPORTED: this OpenSSL has none (FIPS).
Result<std::string> content_md5(std::string_view data);

}  // namespace qtap::s3
