// SPDX-License-Identifier: Apache-2.0
#include "sink/gcs_objects.h"

#include <utility>

#include "s3/checksum.h"
#include "s3/uri.h"
#include "sink/http_objects.h"
#include "sink/upload.h"

namespace qtap::sink {
namespace {

class GcsProtocol final : public ObjectProtocol {
 public:
  GcsProtocol(GcsOptions options, std::unique_ptr<TokenSource> tokens)
      : options_(std::move(options)), tokens_(std::move(tokens)) {}

  Status begin() override {
    QTAP_TRY(token_, tokens_->get(is_refused_));
    was_replaced_ = std::exchange(is_refused_, false);
    return {};
  }
  Result<net::Request> request_for(const Object& object, const std::string& key) override;
  // One PUT takes objects of any size that fits into memory here.
  Result<net::Reply> send_in_parts(net::HttpClient& client, const Object& object,
                                   const std::string& key) override {
    QTAP_TRY(const net::Request request, request_for(object, key));
    return client.run(request);
  }
  Status outcome_of(const Result<net::Reply>& reply) override;
  std::string where() const override { return "gs://" + options_.bucket + "/"; }
  void interrupt() override { tokens_->interrupt(); }

 private:
  const GcsOptions options_;
  std::unique_ptr<TokenSource> tokens_;
  s3::Secret token_;
  bool is_refused_ = false;    // this one
  bool was_replaced_ = false;  // the one before was refused
};

Result<net::Request> GcsProtocol::request_for(const Object& object, const std::string& key) {
  net::Request request;
  request.method = "PUT";
  request.url = (options_.is_plain ? "http://" : "https://") + options_.endpoint + "/" +
                options_.bucket + "/" + s3::uri_encode(key, s3::Slash::kKept);
  request.body = object.data;
  request.timeout = options_.timeout;
  request.fields = {"Authorization: Bearer " + std::string(token_.reveal()),
                    "Content-Type: " + object.content_type, "x-goog-if-generation-match: 0"};
  // Compared with what came. It may not be had (FIPS): TCP and TLS have checks of their own.
  if (const auto md5 = s3::content_md5(object.data); md5.ok()) {
    request.fields.push_back("Content-MD5: " + *md5);
  }
  return request;
}

// A token may be withdrawn before it expires: one that was refused is replaced, once.
Status GcsProtocol::outcome_of(const Result<net::Reply>& reply) {
  if (reply.ok() && reply->status == 412) return {};  // it is there
  Status outcome = upload_outcome(reply);
  if (!reply.ok() || reply->status != 401 || was_replaced_) return outcome;
  is_refused_ = true;
  Error error = std::move(outcome).error();
  error.status = QTAP_ERR_AGAIN;
  return error;
}

}  // namespace

Result<std::unique_ptr<Sink>> make_gcs_objects(std::string id, GcsOptions options,
                                               std::unique_ptr<TokenSource> tokens) {
  ObjectPlace place(options.place, options.is_plain ? "http" : "https", options.endpoint,
                    options.bucket);
  const net::ClientOptions client = options.client;
  return make_http_objects(std::move(id), std::move(place),
                           std::make_unique<GcsProtocol>(std::move(options), std::move(tokens)),
                           client);
}

}  // namespace qtap::sink
