// SPDX-License-Identifier: Apache-2.0
#include "sink/s3_objects.h"

#include <array>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "s3/signer.h"
#include "s3/uri.h"
#include "s3/xml.h"
#include "sink/place.h"
#include "sink/upload.h"

namespace qtap::sink {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

// Answers that new credentials may change ("Error responses" of the S3 API reference).
bool is_about_credentials(const net::Reply& reply) {
  if (reply.status != 400 && reply.status != 403) return false;
  const std::string code = s3::read_xml_answer(reply.body).code;
  return code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired" ||
         code == "InvalidAccessKeyId";
}

class S3Objects final : public Sink {
 public:
  S3Objects(std::string id, S3Options options, std::unique_ptr<CredentialSource> credentials,
            s3::Signer signer, std::unique_ptr<net::HttpClient> client)
      : id_(std::move(id)),
        options_(std::move(options)),
        scheme_(options_.is_plain ? "http" : "https"),
        host_(options_.has_bucket_in_host ? options_.bucket + "." + options_.endpoint
                                          : options_.endpoint),
        credentials_(std::move(credentials)),
        signer_(std::move(signer)),
        client_(std::move(client)) {}

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>& object) override {
    return std::move(put_objects(std::span(&object, 1)).front());
  }
  size_t objects_at_once() const override { return options_.client.max_concurrent; }
  std::vector<Status> put_objects(std::span<const Ref<Object>> objects) override;
  std::string locate(const Object& object) const override;
  std::chrono::nanoseconds asked_to_wait() const override { return asked_.longest(); }
  void interrupt() override {
    credentials_->interrupt();
    client_->cancel();
  }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  std::string key_of(const Object& object) const;
  Result<net::Request> request_for(const Object& object, const s3::Credentials& credentials) const;
  Status outcome_of(const Result<net::Reply>& reply, bool is_temporary);

  const std::string id_;
  const S3Options options_;
  const std::string scheme_;
  const std::string host_;
  std::unique_ptr<CredentialSource> credentials_;
  s3::Signer signer_;
  std::unique_ptr<net::HttpClient> client_;
  bool is_conditional_ = true;  // until the storage says that it does not know how
  bool are_refused_ = false;    // the credentials that were used last
  AskedToWait asked_;
};

std::string S3Objects::key_of(const Object& object) const {
  const std::array known = {Placeholder{"DIGEST", object.digest}, Placeholder{"TYPE", object.type}};
  return expand(options_.object_key, known);
}

std::string S3Objects::locate(const Object& object) const {
  const std::string key = key_of(object);
  const std::array known = {Placeholder{"SCHEME", scheme_},
                            Placeholder{"ENDPOINT", options_.endpoint},
                            Placeholder{"BUCKET", options_.bucket}, Placeholder{"KEY", key},
                            Placeholder{"DIGEST", object.digest}};
  return expand(options_.access_url, known);
}

Result<net::Request> S3Objects::request_for(const Object& object,
                                            const s3::Credentials& credentials) const {
  const std::string path = s3::uri_encode(key_of(object), s3::Slash::kKept);
  const std::string target =
      (options_.has_bucket_in_host ? "/" : "/" + options_.bucket + "/") + path;
  std::vector<s3::HeaderView> headers = {{"Host", host_}, {"Content-Type", object.content_type}};
  if (is_conditional_) headers.push_back({"If-None-Match", "*"});
  if (!options_.sse.empty()) headers.push_back({"x-amz-server-side-encryption", options_.sse});
  if (!options_.kms_key_id.empty()) {
    headers.push_back({"x-amz-server-side-encryption-aws-kms-key-id", options_.kms_key_id});
  }
  if (!options_.acl.empty()) headers.push_back({"x-amz-acl", options_.acl});
  s3::Request to_sign;
  to_sign.method = "PUT";
  to_sign.target = target;
  to_sign.headers = headers;
  to_sign.payload.sha256 = object.digest;  // of the bytes that are sent: it is hashed once
  to_sign.time_s = clock_ns(CLOCK_REALTIME) / kNsPerS;
  QTAP_TRY(const s3::Signed made, signer_.sign(to_sign, credentials));

  net::Request request;
  request.method = "PUT";
  request.url = scheme_ + "://" + host_ + target;
  request.body = object.data;
  request.timeout = options_.timeout;
  for (const s3::HeaderView& header : headers) {
    request.fields.push_back(std::string(header.name) + ": " + std::string(header.value));
  }
  for (const s3::Header& header : made.headers) {
    request.fields.push_back(header.name + ": " + header.value);
  }
  return request;
}

// What is about the storage as such is remembered, and tried again in another way.
Status S3Objects::outcome_of(const Result<net::Reply>& reply, bool is_temporary) {
  Status outcome = upload_outcome(reply);
  if (outcome.ok() || !reply.ok()) return outcome;
  if (is_conditional_ && reply->status == 412) return {};  // it is there
  const bool again = is_conditional_ && (reply->status == 409 || reply->status == 501);
  if (reply->status == 501) is_conditional_ = false;  // Swift
  const bool refused = is_temporary && is_about_credentials(*reply);
  are_refused_ |= refused;
  if (!again && !refused) return outcome;
  Error error = std::move(outcome).error();
  error.status = QTAP_ERR_AGAIN;
  return error;
}

std::vector<Status> S3Objects::put_objects(std::span<const Ref<Object>> objects) {
  asked_.begin();
  const Result<s3::Credentials> credentials = credentials_->get(std::exchange(are_refused_, false));
  if (!credentials.ok()) return std::vector<Status>(objects.size(), credentials.error());
  std::vector<Status> outcomes(objects.size());
  std::vector<net::Request> requests;
  std::vector<size_t> indices;  // of the objects that they are for
  for (size_t i = 0; i < objects.size(); ++i) {
    Result<net::Request> request = request_for(*objects[i], *credentials);
    if (!request.ok()) {
      outcomes[i] = std::move(request).error();
      continue;
    }
    requests.push_back(*std::move(request));
    indices.push_back(i);
  }
  const std::vector<Result<net::Reply>> replies = client_->run(requests);
  const bool is_temporary = !credentials->session_token.empty();
  for (size_t i = 0; i < replies.size(); ++i) {
    asked_.add(replies[i]);
    outcomes[indices[i]] = outcome_of(replies[i], is_temporary);
  }
  return outcomes;
}

}  // namespace

Result<std::unique_ptr<Sink>> make_s3_objects(std::string id, S3Options options,
                                              std::unique_ptr<CredentialSource> credentials) {
  Result<s3::Signer> signer = s3::Signer::create({options.region, "s3"}, s3::Rules::s3());
  if (!signer.ok()) {
    return Error{"QT161", signer.error().status, id + ": " + signer.error().text};
  }
  auto client = net::HttpClient::make(options.client);
  if (!client.ok()) return Error{"QT167", client.error().status, id + ": " + client.error().text};
  return std::unique_ptr<Sink>(std::make_unique<S3Objects>(std::move(id), std::move(options),
                                                           std::move(credentials),
                                                           *std::move(signer), *std::move(client)));
}

}  // namespace qtap::sink
