// SPDX-License-Identifier: Apache-2.0
// How large what is signed may be. Servers have limits of their own, most of them lower.
#pragma once

#include <cstddef>
#include <cstdint>

namespace qtap::s3 {

// A key of S3 has 1,024 bytes, three times that when escaped; a presigned URL holds a session token
// of some KiB, escaped, beside it.
inline constexpr size_t kMaxTargetBytes = 64 * 1024;
inline constexpr size_t kMaxQueryParameters = 1024;
// S3 takes 8 KiB of header fields in all; other services take more.
inline constexpr size_t kMaxHeaders = 256;
inline constexpr size_t kMaxHeaderNameBytes = 1024;
inline constexpr size_t kMaxHeaderValueBytes = 64 * 1024;
inline constexpr size_t kMaxMethodBytes = 64;
// Regions, services and access keys: AWS gives out at most 128 bytes.
inline constexpr size_t kMaxScopePartBytes = 256;
inline constexpr size_t kMaxSecretBytes = 16 * 1024;

// "Signature Version 4 query string": X-Amz-Expires is at most seven days.
inline constexpr int64_t kMaxExpiresS = 604'800;

// S3 refuses chunks below 8 KiB but for the last one ("Signature calculations for the Authorization
// header: multiple chunks"); SDKs send 64 KiB or more.
inline constexpr size_t kMinChunkBytes = 8 * 1024;
inline constexpr size_t kMaxChunkBytes = 16 * 1024 * 1024;
inline constexpr size_t kDefaultChunkBytes = 64 * 1024;
inline constexpr size_t kMaxTrailers = 16;

}  // namespace qtap::s3
