// SPDX-License-Identifier: Apache-2.0
#include "sink/s3_multipart.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/sha256.h"
#include "s3/checksum.h"
#include "s3/uri.h"
#include "s3/xml.h"
#include "sink/send_parts.h"

namespace qtap::sink {
namespace {

using std::chrono::milliseconds;

// Closing waits for it.
constexpr milliseconds kAbortTimeout{2000};

bool is_good(const Result<net::Reply>& reply) {
  return reply.ok() && reply->status == 200;
}

// Its id is that of the outcome.
Error bad_answer(std::string what) {
  Error error;
  error.status = QTAP_ERR_AGAIN;
  error.text = std::move(what);
  return error;
}

}  // namespace

Result<net::Reply> S3Multipart::ask(const S3Ask& ask, S3Checksum checksum) {
  QTAP_TRY(last_, credentials_());
  QTAP_TRY(const net::Request request, requests_.make(ask, last_, checksum));
  return client_.run(request);
}

Result<net::Reply> S3Multipart::create(const Object& object) {
  S3Ask create{.method = "POST", .key = key_, .query = "uploads="};
  create.headers = object_headers(options_, object);
  if (checksum_ == S3Checksum::kSha256) {
    create.headers.push_back({"x-amz-checksum-algorithm", "SHA256"});
  }
  Result<net::Reply> reply = ask(create);
  if (!is_good(reply)) return reply;
  Result<std::string> id = s3::upload_id_of(reply->body);
  if (!id.ok()) return bad_answer("no upload was begun: " + id.error().text);
  upload_ = "uploadId=" + s3::uri_encode(*id);
  return reply;
}

Result<net::Reply> S3Multipart::send_parts(const Object& object) {
  const std::string_view data = object.data;
  const uint64_t size = options_.part_bytes ? options_.part_bytes : s3::part_bytes(data.size());
  uploaded_.resize((data.size() + size - 1) / size);
  const auto make = [&](size_t i) -> Result<net::Request> {
    QTAP_TRY(last_, credentials_());
    const std::string query = "partNumber=" + std::to_string(i + 1) + "&" + upload_;
    const std::string_view part = data.substr(i * size, size);
    const std::string sha256 = sha256_hex(part);
    if (checksum_ == S3Checksum::kSha256) uploaded_[i].checksum = s3::checksum_sha256(sha256);
    return requests_.make({.key = key_, .query = query, .body = part, .sha256 = sha256}, last_,
                          checksum_);
  };
  const auto took = [&](size_t i, const net::Reply& reply) -> Status {
    uploaded_[i].etag = reply.field("etag");
    return uploaded_[i].etag.empty() ? bad_answer("a part got no ETag") : Status();
  };
  return sink::send_parts(client_, {.count = uploaded_.size(),
                                    .at_once = options_.client.max_concurrent,
                                    .make = make,
                                    .took = took});
}

// It may answer 200 before it knows, and say in the body that it failed (S3 API reference).
Result<net::Reply> S3Multipart::complete(bool& is_conditional) {
  const std::string document = s3::complete_document(uploaded_);
  S3Ask complete{.method = "POST", .key = key_, .query = upload_, .body = document};
  complete.headers = {{"Content-Type", "application/xml"}};
  if (is_conditional) complete.headers.push_back({"If-None-Match", "*"});
  Result<net::Reply> reply = ask(complete);
  if (reply.ok() && reply->status == 501 && is_conditional) {
    is_conditional = false;
    complete.headers.pop_back();
    reply = ask(complete);
  }
  if (!is_good(reply)) return reply;
  const s3::XmlAnswer answer = s3::read_xml_answer(reply->body);
  if (answer.root == "CompleteMultipartUploadResult") return reply;
  const std::string why =
      answer.code.empty() ? "" : " (" + answer.code + ", " + answer.message + ")";
  return bad_answer("the storage did not put the parts together" + why);
}

// Whether the parts are gone. A client that was cancelled sends nothing more, so that this one
// request has one of its own.
bool S3Multipart::abort() {
  const S3Ask abort{.method = "DELETE", .key = key_, .query = upload_};
  Result<net::Request> request = requests_.make(abort, last_);
  if (!request.ok()) return false;
  request->timeout = std::min(request->timeout, kAbortTimeout);
  Result<net::Reply> reply = client_.run(*request);
  if (!reply.ok() && reply.error().status == QTAP_ERR_AGAIN) {
    auto another = net::HttpClient::make(options_.client);
    if (!another.ok()) return false;
    reply = (*another)->run(*request);
  }
  return reply.ok() && (reply->status == 204 || reply->status == 200 || reply->status == 404);
}

S3Multipart::Outcome S3Multipart::put(const Object& object, const std::string& key,
                                      bool& is_conditional) {
  key_ = key;
  Result<net::Reply> reply = create(object);
  if (is_good(reply)) reply = send_parts(object);
  if (is_good(reply)) reply = complete(is_conditional);
  const bool is_left = !is_good(reply) && !upload_.empty() && !abort();
  return {std::move(reply), is_left};
}

}  // namespace qtap::sink
