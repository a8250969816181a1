// SPDX-License-Identifier: Apache-2.0
// In: objects. Out: PUTs into a bucket of S3, or of anything that speaks its protocol and checks
// Signature Version 4. The key is the digest, so one object is one upload, whoever makes it: a PUT
// says If-None-Match, and 412 means that the bytes are there.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/request.h"
#include "sink/sink.h"

namespace qtap::sink {

struct S3Options {
  std::string bucket;
  std::string endpoint = "s3.amazonaws.com";  // host or host:port
  std::string region = "us-east-1";
  bool is_plain = false;            // http
  bool has_bucket_in_host = false;  // https://bucket.endpoint/key, else https://endpoint/bucket/key
  std::string sse;                  // x-amz-server-side-encryption; "" = not asked for
  std::string kms_key_id;
  std::string acl;  // x-amz-acl; "" = that of the bucket
  std::string access_url = "{{SCHEME}}://{{ENDPOINT}}/{{BUCKET}}/{{KEY}}";
  std::string object_key = "{{DIGEST}}";
  std::chrono::milliseconds timeout{30'000};  // of one attempt
  net::ClientOptions client;
};

// Called for each group of uploads. `refused`: the storage did not take those given last.
using CredentialsFn = std::function<Result<s3::Credentials>(bool refused)>;

// QTAP_ERR_INVALID: the region or the bucket cannot be signed for.
Result<std::unique_ptr<Sink>> make_s3_objects(std::string id, S3Options options,
                                              CredentialsFn credentials);

}  // namespace qtap::sink
