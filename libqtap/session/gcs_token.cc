// SPDX-License-Identifier: Apache-2.0
#include "session/gcs_token.h"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "gcs/service_account.h"
#include "net/http_client.h"
#include "s3/surroundings.h"
#include "s3/uri.h"
#include "sink/upload.h"

namespace qtap::session {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kRenewSeconds = 300;  // spec/config.md 6.3
constexpr milliseconds kTimeout{10'000};
constexpr milliseconds kMetadataTimeout{2'000};  // it is a link away, or not there

class GcsTokens final : public sink::TokenSource {
 public:
  GcsTokens(std::string store_id, std::optional<gcs::ServiceAccount> account,
            std::unique_ptr<net::HttpClient> client)
      : store_id_(std::move(store_id)), account_(std::move(account)), client_(std::move(client)) {}

  // A store has one worker: there is never more than one renewal at a time.
  Result<s3::Secret> get(bool refused) override {
    const int64_t now_s = clock_ns(CLOCK_REALTIME) / 1'000'000'000;
    const bool is_good = !refused && now_s < expires_s_;
    if (is_good && now_s < expires_s_ - kRenewSeconds) return token_;
    Result<gcs::Token> got = fetch(now_s);
    if (!got.ok()) return is_good ? Result<s3::Secret>(token_) : std::move(got).error();
    token_ = std::move(got->text);
    expires_s_ = now_s + got->seconds;
    return token_;
  }

  void interrupt() override { client_->cancel(); }

 private:
  Result<gcs::Token> fetch(int64_t now_s);
  Error wrong(int status, const std::string& why) const {
    return {"QT197", status, "store " + store_id_ + ": no access token: " + why};
  }

  const std::string store_id_;
  const std::optional<gcs::ServiceAccount> account_;
  std::unique_ptr<net::HttpClient> client_;
  s3::Secret token_;
  int64_t expires_s_ = INT64_MIN;
};

// What a metadata server is asked; it is never behind a proxy ("Access VM metadata").
net::Request metadata_request() {
  const char* const host = std::getenv("GCE_METADATA_HOST");
  net::Request request;
  request.url = "http://" + std::string(host && *host ? host : "metadata.google.internal") +
                "/computeMetadata/v1/instance/service-accounts/default/token?scopes=" +
                s3::uri_encode(gcs::kScope);
  request.fields = {"Metadata-Flavor: Google"};
  request.timeout = kMetadataTimeout;
  request.direct = true;
  return request;
}

Result<gcs::Token> GcsTokens::fetch(int64_t now_s) {
  std::string form;
  net::Request request = metadata_request();
  if (account_) {
    auto assertion = gcs::make_assertion(*account_, now_s);
    if (!assertion.ok()) return wrong(QTAP_ERR_INVALID, assertion.error().text);
    form = gcs::token_form(*assertion);
    request = {};
    request.method = "POST";
    request.url = account_->token_uri;
    request.fields = {"Content-Type: application/x-www-form-urlencoded"};
    request.body = form;
    request.timeout = kTimeout;
  }
  Result<net::Reply> reply = client_->run(request);
  if (!reply.ok()) {
    const int status = reply.error().status;
    return wrong(status == QTAP_ERR_TIMEOUT ? QTAP_ERR_AGAIN : status, reply.error().text);
  }
  const std::string where = request.url.substr(0, request.url.find('?'));
  if (reply->status != 200) {
    const std::string why = gcs::refusal_of(reply->body);
    return wrong(sink::may_pass(reply->status) ? QTAP_ERR_AGAIN : QTAP_ERR_PERM,
                 where + ": status " + std::to_string(reply->status) +
                     (why.empty() ? "" : " (" + why + ")"));
  }
  auto token = gcs::read_token(reply->body);
  s3::cleanse(reply->body.data(), reply->body.size());
  if (!token.ok()) return wrong(QTAP_ERR_AGAIN, where + ": " + token.error().text);
  return token;
}

}  // namespace

Result<std::unique_ptr<sink::TokenSource>> make_gcs_tokens(const std::string& store_id,
                                                           const std::string& credentials) {
  const auto wrong = [&](int status, const std::string& why) {
    return Error{"QT198", status, "store " + store_id + ": credentials: " + why};
  };
  auto client = net::HttpClient::make({});
  if (!client.ok()) return wrong(client.error().status, client.error().text);
  std::optional<gcs::ServiceAccount> account;
  if (!credentials.empty()) {
    const bool is_json = credentials.find_first_not_of(" \t\r\n") != std::string::npos &&
                         credentials[credentials.find_first_not_of(" \t\r\n")] == '{';
    std::string text = credentials;
    if (!is_json) {
      auto content = s3::real_surroundings({}).read_file(credentials);
      if (!content.ok()) {  // what it names may be a secret that was put there by mistake
        const std::string& why = content.error().text;
        return wrong(content.error().status,
                     "cannot read the file that it names" + why.substr(why.rfind(": ")));
      }
      text = *std::move(content);
    }
    auto read = gcs::read_service_account(text);
    s3::cleanse(text.data(), text.size());
    if (!read.ok()) {
      return wrong(read.error().status, read.error().text);
    }
    account = *std::move(read);
  }
  return std::unique_ptr<sink::TokenSource>(
      std::make_unique<GcsTokens>(store_id, std::move(account), *std::move(client)));
}

}  // namespace qtap::session
