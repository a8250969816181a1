// SPDX-License-Identifier: Apache-2.0
#include "session/s3_credentials.h"

#include <chrono>
#include <utility>

#include "net/http_client.h"
#include "s3/credential_cache.h"
#include "s3/credential_chain.h"

namespace qtap::session {
namespace {

Result<s3::FetchResponse> fetch(net::HttpClient& client, const s3::FetchRequest& asked) {
  net::Request request;
  request.method = asked.method;
  request.url = asked.url;
  request.body = asked.body;
  request.timeout = std::chrono::milliseconds(asked.timeout_ns / 1'000'000);
  request.direct = !asked.may_use_proxy;
  for (const s3::Header& header : asked.headers) {
    request.fields.push_back(header.name + ": " + header.value);
  }
  QTAP_TRY(net::Reply reply, client.run(request));
  s3::FetchResponse response = {reply.status, {}, std::move(reply.body)};
  for (net::Field& field : reply.fields) {
    response.headers.push_back({std::move(field.name), std::move(field.value)});
  }
  return response;
}

class ChainCredentials final : public sink::CredentialSource {
 public:
  ChainCredentials(std::string store_id, s3::ChainOptions options,
                   std::unique_ptr<net::HttpClient> client)
      : store_id_(std::move(store_id)),
        options_(std::move(options)),
        client_(std::move(client)),
        in_(s3::real_surroundings(
            [this](const s3::FetchRequest& request) { return fetch(*client_, request); })),
        cache_([this] { return s3::find_credentials(in_, options_); }, in_.now_s, in_.random) {}

  Result<s3::Credentials> get(bool refused) override {
    if (refused) cache_.forget();
    auto found = cache_.get();
    if (found.ok()) return **found;
    // What is not set up stays so; who could not be reached may be, later.
    const int status = found.error().status;
    const bool is_final =
        status == QTAP_ERR_NOTFOUND || status == QTAP_ERR_INVALID || status == QTAP_ERR_UNSUPPORTED;
    return Error{"QT165", is_final ? status : QTAP_ERR_AGAIN,
                 "store " + store_id_ + ": no credentials: " + found.error().text};
  }

  void interrupt() override { client_->cancel(); }

 private:
  const std::string store_id_;
  const s3::ChainOptions options_;
  std::unique_ptr<net::HttpClient> client_;
  const s3::Surroundings in_;
  s3::CredentialCache cache_;
};

}  // namespace

Result<std::unique_ptr<sink::CredentialSource>> make_s3_credentials(const std::string& store_id,
                                                                    const std::string& access_key,
                                                                    const std::string& secret_key) {
  auto client = net::HttpClient::make({});
  if (!client.ok()) {
    return Error{"QT168", client.error().status,
                 "store " + store_id + ": cannot look for credentials: " + client.error().text};
  }
  s3::ChainOptions options;
  options.access_key_id = access_key;
  options.secret_key = s3::Secret(secret_key);
  return std::unique_ptr<sink::CredentialSource>(
      std::make_unique<ChainCredentials>(store_id, std::move(options), *std::move(client)));
}

}  // namespace qtap::session
