// SPDX-License-Identifier: Apache-2.0
// In: an object that is too large for one PUT. Out: an upload in parts, as many at once as the
// client has connections; or nothing: a failure aborts it, so that no parts stay that are paid for.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/multipart.h"
#include "sink/s3_requests.h"

namespace qtap::sink {

class S3Multipart {
 public:
  using CredentialsFn = std::function<Result<s3::Credentials>()>;

  struct Outcome {
    // That of CompleteMultipartUpload, or of what failed before it.
    Result<net::Reply> reply;
    bool is_left = false;  // parts that could not be removed
  };

  // All of them outlive it. `credentials` is asked for each part.
  S3Multipart(const S3Options& options, const S3Requests& requests, net::HttpClient& client,
              CredentialsFn credentials, S3Checksum checksum)
      : options_(options),
        requests_(requests),
        client_(client),
        credentials_(std::move(credentials)),
        checksum_(checksum) {}

  // `is_conditional`: only if there is none of this key. Becomes false when the storage says that
  // it does not know how.
  Outcome put(const Object& object, const std::string& key, bool& is_conditional);

 private:
  Result<net::Reply> ask(const S3Ask& ask, S3Checksum checksum = S3Checksum::kNone);
  Result<net::Reply> create(const Object& object);
  Result<net::Reply> send_parts(const Object& object);
  Result<net::Reply> complete(bool& is_conditional);
  bool abort();

  const S3Options& options_;
  const S3Requests& requests_;
  net::HttpClient& client_;
  const CredentialsFn credentials_;
  const S3Checksum checksum_;
  std::string key_;
  std::string upload_;  // "uploadId=...", escaped
  std::vector<s3::UploadedPart> uploaded_;
  s3::Credentials last_;  // that were used
};

}  // namespace qtap::sink
