// SPDX-License-Identifier: Apache-2.0
#include "sink/s3_objects.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "s3/signer.h"
#include "s3/xml.h"
#include "sink/s3_multipart.h"
#include "sink/s3_requests.h"
#include "sink/upload.h"

namespace qtap::sink {
namespace {

// Answers that new credentials may change ("Error responses" of the S3 API reference).
bool is_about_credentials(const net::Reply& reply) {
  if (reply.status != 400 && reply.status != 403) return false;
  const std::string code = s3::read_xml_answer(reply.body).code;
  return code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired" ||
         code == "InvalidAccessKeyId";
}

// "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock
// parameters" (S3 API reference, PutObject), or an older storage's words for it.
S3Checksum wanted_checksum(const net::Reply& reply, S3Checksum sent) {
  if (reply.status != 400) return sent;
  const s3::XmlAnswer answer = s3::read_xml_answer(reply.body);
  const std::string& code = answer.code;
  if (code != "InvalidRequest" && code != "MissingContentMD5") return sent;
  const auto names = [&](std::string_view header) {
    return answer.message.find(header) != std::string::npos;
  };
  if (sent == S3Checksum::kNone && names("x-amz-checksum-")) return S3Checksum::kSha256;
  if (sent != S3Checksum::kMd5 && (names("Content-MD5") || code == "MissingContentMD5")) {
    return S3Checksum::kMd5;
  }
  return sent;
}

class S3Objects final : public Sink {
 public:
  S3Objects(std::string id, S3Options options, std::unique_ptr<CredentialSource> credentials,
            s3::Signer signer, std::unique_ptr<net::HttpClient> client)
      : id_(std::move(id)),
        options_(std::move(options)),
        credentials_(std::move(credentials)),
        requests_(options_, std::move(signer)),
        place_(options_.place, requests_.scheme(), options_.endpoint, options_.bucket),
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
  std::string locate(const Object& object) const override { return place_.url_of(object); }
  const std::string& digest_of(const Object& object) const override {
    return place_.digest_of(object);
  }
  std::string uploaded_to(const Object& object) const override {
    return "s3://" + options_.bucket + "/" + digest_of(object);
  }
  std::string identity(const Object& object) const override { return place_.identity(object); }
  std::chrono::nanoseconds asked_to_wait() const override { return asked_.longest(); }
  void interrupt() override {
    credentials_->interrupt();
    client_->cancel();
  }
  Status flush(int) override { return {}; }
  void close() override {}

 private:
  bool goes_in_parts(const Object& object) const {
    return object.data.size() > options_.multipart_above;
  }
  Result<net::Request> request_for(const Object& object, const s3::Credentials& credentials) const;
  // How requests are made until the storage wants them otherwise.
  struct Manner {
    bool is_conditional = true;
    S3Checksum checksum = S3Checksum::kNone;
  };
  Status outcome_of(const Result<net::Reply>& reply, const Manner& sent, bool is_temporary);
  Status put_in_parts(const Object& object);
  void put_whole(std::span<const Ref<Object>> objects, std::vector<Status>& outcomes);

  const std::string id_;
  const S3Options options_;
  std::unique_ptr<CredentialSource> credentials_;
  const S3Requests requests_;
  const ObjectPlace place_;
  std::unique_ptr<net::HttpClient> client_;
  Manner manner_;
  bool are_refused_ = false;  // the credentials that were used last
  AskedToWait asked_;
};

Result<net::Request> S3Objects::request_for(const Object& object,
                                            const s3::Credentials& credentials) const {
  const std::string key = place_.key_of(object);
  // The digest is of the bytes that are sent: they are hashed once.
  S3Ask put{.key = key, .body = object.data, .sha256 = object.digest};
  put.headers = object_headers(options_, object);
  if (manner_.is_conditional) put.headers.push_back({"If-None-Match", "*"});
  return requests_.make(put, credentials, manner_.checksum);
}

// What is about the storage as such is remembered, and tried again in another way than it was
// `sent`: several answers to one manner change it once.
Status S3Objects::outcome_of(const Result<net::Reply>& reply, const Manner& sent,
                             bool is_temporary) {
  Status outcome = upload_outcome(reply);
  if (outcome.ok() || !reply.ok()) return outcome;
  if (sent.is_conditional && reply->status == 412) return {};  // it is there
  const bool again = sent.is_conditional && (reply->status == 409 || reply->status == 501);
  if (reply->status == 501) manner_.is_conditional = false;  // Swift
  const S3Checksum wanted = wanted_checksum(*reply, sent.checksum);
  const bool wants_another = wanted != sent.checksum;
  if (wants_another) manner_.checksum = wanted;
  const bool refused = is_temporary && is_about_credentials(*reply);
  are_refused_ |= refused;
  if (!again && !refused && !wants_another) return outcome;
  Error error = std::move(outcome).error();
  error.status = QTAP_ERR_AGAIN;
  return error;
}

// Those that are sent in parts keep their place, and are left alone.
void S3Objects::put_whole(std::span<const Ref<Object>> objects, std::vector<Status>& outcomes) {
  const auto is_in_parts = [this](const Ref<Object>& object) { return goes_in_parts(*object); };
  if (std::all_of(objects.begin(), objects.end(), is_in_parts)) return;
  const Result<s3::Credentials> credentials = credentials_->get(std::exchange(are_refused_, false));
  std::vector<net::Request> requests;
  std::vector<size_t> indices;  // of the objects that they are for
  for (size_t i = 0; i < objects.size(); ++i) {
    if (goes_in_parts(*objects[i])) continue;
    Result<net::Request> request =
        credentials.ok() ? request_for(*objects[i], *credentials) : credentials.error();
    if (!request.ok()) {
      outcomes[i] = std::move(request).error();
      continue;
    }
    requests.push_back(*std::move(request));
    indices.push_back(i);
  }
  const Manner sent = manner_;
  const std::vector<Result<net::Reply>> replies = client_->run(requests);
  for (size_t i = 0; i < replies.size(); ++i) {
    asked_.add(replies[i]);
    outcomes[indices[i]] = outcome_of(replies[i], sent, !credentials->session_token.empty());
  }
}

Status S3Objects::put_in_parts(const Object& object) {
  bool is_temporary = false;
  const auto credentials = [&] {
    auto got = credentials_->get(std::exchange(are_refused_, false));
    is_temporary = got.ok() && !got->session_token.empty();
    return got;
  };
  Manner sent = manner_;
  S3Multipart upload(options_, requests_, *client_, credentials, sent.checksum);
  const auto [reply, is_left] = upload.put(object, place_.key_of(object), sent.is_conditional);
  manner_.is_conditional = sent.is_conditional;
  asked_.add(reply);
  Status outcome = outcome_of(reply, sent, is_temporary);
  if (outcome.ok() || !is_left) return outcome;
  Error error = std::move(outcome).error();
  error.text += "; its parts may be left in the bucket: a rule of its lifecycle can remove such";
  return error;
}

std::vector<Status> S3Objects::put_objects(std::span<const Ref<Object>> objects) {
  asked_.begin();
  std::vector<Status> outcomes(objects.size());
  put_whole(objects, outcomes);
  for (size_t i = 0; i < objects.size(); ++i) {
    if (goes_in_parts(*objects[i])) outcomes[i] = put_in_parts(*objects[i]);
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
