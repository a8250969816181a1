// SPDX-License-Identifier: Apache-2.0
// An object in parts: how large they are, and what is said about them (S3 API reference,
// CreateMultipartUpload and CompleteMultipartUpload). Pure: texts in, texts out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap::s3 {

// "Amazon S3 multipart upload limits" of the S3 user guide.
inline constexpr uint64_t kMaxParts = 10'000;
// Of parts but for the last the least is 5 MiB; with few objects this large, larger ones save
// requests.
inline constexpr uint64_t kPartBytes = 16u << 20;

// Of each part but for the last: kPartBytes, or what makes `bytes` at most kMaxParts of them.
uint64_t part_bytes(uint64_t bytes);

struct UploadedPart {
  std::string etag;      // as the answer gave it, with its quotes
  std::string checksum;  // x-amz-checksum-sha256 that it was sent with; "" = none
};

// The body of CompleteMultipartUpload: the parts from number 1 on.
std::string complete_document(std::span<const UploadedPart> parts);

// The UploadId that an answer to CreateMultipartUpload gives. QTAP_ERR_INVALID: none.
Result<std::string> upload_id_of(std::string_view xml);

}  // namespace qtap::s3
