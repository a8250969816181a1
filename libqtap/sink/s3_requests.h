// SPDX-License-Identifier: Apache-2.0
// In: what is asked of a bucket. Out: signed requests. Pure but for the clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "s3/signer.h"
#include "sink/s3_objects.h"

namespace qtap::sink {

// Borrowed until the request is made; the body until the reply is there.
struct S3Ask {
  std::string_view method = "PUT";
  std::string_view key = {};
  std::string_view query = {};  // "uploads=", escaped
  std::vector<s3::HeaderView> headers = {};
  std::string_view body = {};
  std::string_view sha256 = {};  // of the body, when it is known
};

// Which digest of the body a storage wants beside x-amz-content-sha256, once it has said so. Not
// before: Google's takes none ("interoperability" of its XML API).
enum class S3Checksum { kNone, kSha256, kMd5 };

class S3Requests {
 public:
  // `options` outlives it.
  S3Requests(const S3Options& options, s3::Signer signer);

  Result<net::Request> make(const S3Ask& ask, const s3::Credentials& credentials,
                            S3Checksum checksum = S3Checksum::kNone) const;
  const std::string& scheme() const { return scheme_; }

 private:
  const S3Options& options_;
  const std::string scheme_;
  const std::string host_;
  s3::Signer signer_;
};

// What an object says about itself: PUT has these, and CreateMultipartUpload.
std::vector<s3::HeaderView> object_headers(const S3Options& options, const Object& object);

}  // namespace qtap::sink
