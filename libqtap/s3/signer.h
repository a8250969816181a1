// SPDX-License-Identifier: Apache-2.0
// In: a request and credentials. Out: what to add to the request, and the texts on the way
// (AWS Signature Version 4). Pure: no clock, no network; owns nothing but derived keys. Any thread,
// several at a time. Nothing is dropped: what cannot be signed is an error that says where.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "s3/chunk_encoder.h"
#include "s3/request.h"
#include "s3/signing_keys.h"

namespace qtap::s3 {

struct Signed {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;       // hex
  std::string signed_headers;  // "host;x-amz-date"
  std::string date;            // "20150830T123600Z"
  std::string scope;           // "20150830/us-east-1/s3/aws4_request"
  // To be set in the request, in place of those of the same name. With the session token in plain,
  // as it must be sent.
  std::vector<Header> headers;
  std::string target;  // the request's, or the presigned one
};

// Says what of credentials no request could hold; never what they are.
Status check_credentials(const Credentials& credentials);

class Signer {
 public:
  // Error: region or service is empty, too long, or holds a slash, a blank or a control character.
  static Result<Signer> create(Scope scope, const Rules& rules);

  // By headers: Authorization and those that it needs.
  Result<Signed> sign(const Request& request, const Credentials& credentials) const;

  // By the query: a link that works for `expires_s` seconds (1 to 604,800) from the request's time.
  Result<Signed> presign(const Request& request, const Credentials& credentials,
                         int64_t expires_s) const;

  // Makes the body of a request that was signed with this chunked payload. `chunk_bytes` 0: 64 KiB.
  Result<ChunkEncoder> encoder(const Signed& signed_request, const Payload& payload,
                               const Credentials& credentials, size_t chunk_bytes) const;

  size_t derived_keys() const { return keys_->derived(); }

 private:
  Signer(Scope scope, const Rules& rules)
      : scope_(std::move(scope)), rules_(rules), keys_(std::make_unique<SigningKeys>()) {}

  Signed begin(const Request& request) const;
  void finish(Signed& to, const Request& request, const Credentials& credentials,
              std::string_view path, std::string_view query, std::string_view header_lines,
              std::string_view payload_hash) const;

  Scope scope_;
  Rules rules_;
  std::unique_ptr<SigningKeys> keys_;
};

}  // namespace qtap::s3
