// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <new>
#include <utility>

#include "net/http_transfer.h"

namespace qtap::net {
namespace {

// How long libcurl may sleep where it has nothing to wait for; it is woken by what comes.
constexpr int kPollMs = 1000;

bool init_curl() {
  static const bool ok =
      curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;  // once, by the language
  return ok;
}

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::make(const ClientOptions& options) {
  if (!init_curl()) return Error{QTAP_ERR_NOMEM, "initialise libcurl: it does not say why"};
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  if ((version->features & CURL_VERSION_SSL) == 0) {
    return Error{QTAP_ERR_UNSUPPORTED, std::string("libcurl ") + version->version +
                                           " was built without TLS: install one that has it"};
  }
  std::unique_ptr<HttpClient> client(new HttpClient(options));
  if (client->multi_ == nullptr) return Error{QTAP_ERR_NOMEM, "make an HTTP client: no memory"};
  return client;
}

HttpClient::HttpClient(const ClientOptions& options)
    : options_(options), multi_(curl_multi_init()) {
  if (multi_ == nullptr) return;
  const auto most = static_cast<long>(options_.max_concurrent);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
}

HttpClient::~HttpClient() {
  for (const auto& transfer : running_) curl_multi_remove_handle(multi_, transfer->handle());
  running_.clear();
  idle_.clear();
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
}

Result<Reply> HttpClient::run(const Request& request) {
  return std::move(run(std::span(&request, 1)).front());
}

std::unique_ptr<Transfer> HttpClient::idle_transfer() {
  if (idle_.empty()) return std::make_unique<Transfer>();
  std::unique_ptr<Transfer> transfer = std::move(idle_.back());
  idle_.pop_back();
  return transfer;
}

std::vector<Result<Reply>> HttpClient::run(std::span<const Request> requests) {
  std::vector<Result<Reply>> results(requests.size(), Error{QTAP_ERR_AGAIN, "cancelled"});
  size_t next = 0;
  while (!is_cancelled_ && (next < requests.size() || !running_.empty())) {
    while (next < requests.size() && running_.size() < options_.max_concurrent) {
      std::unique_ptr<Transfer> transfer = idle_transfer();
      const size_t index = next++;
      if (Status begun = transfer->begin(requests[index], index, options_); !begun.ok()) {
        results[index] = std::move(begun).error();
        idle_.push_back(std::move(transfer));
        continue;
      }
      if (curl_multi_add_handle(multi_, transfer->handle()) != CURLM_OK) throw std::bad_alloc();
      ++counters_.requests;
      running_.push_back(std::move(transfer));
    }
    int left = 0;
    curl_multi_perform(multi_, &left);
    take_ended(results);
    const bool can_begin = next < requests.size() && running_.size() < options_.max_concurrent;
    if (!running_.empty() && !can_begin) curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
  for (auto& transfer : running_) {
    curl_multi_remove_handle(multi_, transfer->handle());
    results[transfer->index()] = transfer->error(QTAP_ERR_AGAIN, "cancelled");
    ++counters_.failed;
  }
  running_.clear();
  return results;
}

void HttpClient::take_ended(std::vector<Result<Reply>>& results) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto ended = std::find_if(running_.begin(), running_.end(), [&](const auto& transfer) {
      return transfer->handle() == handle;
    });
    long connections = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connections);
    counters_.connections += static_cast<uint64_t>(connections);
    curl_multi_remove_handle(multi_, handle);
    Result<Reply>& result = results[(*ended)->index()];
    result = (*ended)->end(code);
    if (!result.ok()) ++counters_.failed;
    idle_.push_back(std::move(*ended));
    running_.erase(ended);
  }
}

void HttpClient::cancel() {
  is_cancelled_ = true;
  curl_multi_wakeup(multi_);
}

}  // namespace qtap::net
