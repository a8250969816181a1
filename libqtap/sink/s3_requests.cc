// SPDX-License-Identifier: Apache-2.0
#include "sink/s3_requests.h"

#include <utility>

#include "base/clock.h"
#include "base/sha256.h"
#include "s3/checksum.h"
#include "s3/uri.h"

namespace qtap::sink {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

}  // namespace

S3Requests::S3Requests(const S3Options& options, s3::Signer signer)
    : options_(options),
      scheme_(options.is_plain ? "http" : "https"),
      host_(options.has_bucket_in_host ? options.bucket + "." + options.endpoint
                                       : options.endpoint),
      signer_(std::move(signer)) {}

Result<net::Request> S3Requests::make(const S3Ask& ask, const s3::Credentials& credentials,
                                      S3Checksum checksum) const {
  std::string target = options_.has_bucket_in_host ? "/" : "/" + options_.bucket + "/";
  target += s3::uri_encode(ask.key, s3::Slash::kKept);
  if (!ask.query.empty()) target.append("?").append(ask.query);
  const std::string sha256 = ask.sha256.empty() ? sha256_hex(ask.body) : std::string(ask.sha256);
  std::vector<s3::HeaderView> headers = {{"Host", host_}};
  headers.insert(headers.end(), ask.headers.begin(), ask.headers.end());
  std::string digest;
  if (checksum == S3Checksum::kSha256) {
    digest = s3::checksum_sha256(sha256);
    headers.push_back({"x-amz-checksum-sha256", digest});
    headers.push_back({"x-amz-sdk-checksum-algorithm", "SHA256"});  // without it Ceph 20 is blind
  } else if (checksum == S3Checksum::kMd5) {
    QTAP_TRY(digest, s3::content_md5(ask.body));
    headers.push_back({"Content-MD5", digest});
  }
  s3::Request to_sign;
  to_sign.method = ask.method;
  to_sign.target = target;
  to_sign.headers = headers;
  to_sign.payload.sha256 = sha256;
  to_sign.time_s = clock_ns(CLOCK_REALTIME) / kNsPerS;
  QTAP_TRY(const s3::Signed made, signer_.sign(to_sign, credentials));

  net::Request request;
  request.method = ask.method;
  request.url = scheme_ + "://" + host_ + target;
  request.body = ask.body;
  request.timeout = options_.timeout;
  for (const s3::HeaderView& header : headers) {
    request.fields.push_back(std::string(header.name) + ": " + std::string(header.value));
  }
  for (const s3::Header& header : made.headers) {
    request.fields.push_back(header.name + ": " + header.value);
  }
  return request;
}

std::vector<s3::HeaderView> object_headers(const S3Options& options, const Object& object) {
  std::vector<s3::HeaderView> headers = {{"Content-Type", object.content_type}};
  if (!options.sse.empty()) headers.push_back({"x-amz-server-side-encryption", options.sse});
  if (!options.kms_key_id.empty()) {
    headers.push_back({"x-amz-server-side-encryption-aws-kms-key-id", options.kms_key_id});
  }
  if (!options.acl.empty()) headers.push_back({"x-amz-acl", options.acl});
  return headers;
}

}  // namespace qtap::sink
