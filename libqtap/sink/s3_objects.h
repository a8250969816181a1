// SPDX-License-Identifier: Apache-2.0
// In: objects. Out: PUTs into a bucket of S3, or of anything that speaks its protocol and checks
// Signature Version 4. The key is the digest, so one object is one upload, whoever makes it: a PUT
// says If-None-Match, and 412 means that the bytes are there. Large ones go in parts
// (sink/s3_multipart.h). Digests beside that are sent once the storage has asked for them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/request.h"
#include "sink/object_place.h"
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
  PlaceOptions place;
  std::chrono::milliseconds timeout{30'000};  // of one attempt, or of one part
  uint64_t multipart_above = 64u << 20;       // bytes; spec/config.md 6.3
  uint64_t part_bytes = 0;                    // 0: what s3::part_bytes() says
  net::ClientOptions client;
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // Asked for each group of uploads, on the store's thread; may wait for the network. `refused`:
  // the storage did not take those given last. QTAP_ERR_AGAIN: perhaps later.
  virtual Result<s3::Credentials> get(bool refused) = 0;
  // Ends a get() that waits, and all later ones. Any thread.
  virtual void interrupt() {}
};

// QTAP_ERR_INVALID: the region or the bucket cannot be signed for.
Result<std::unique_ptr<Sink>> make_s3_objects(std::string id, S3Options options,
                                              std::unique_ptr<CredentialSource> credentials);

}  // namespace qtap::sink
