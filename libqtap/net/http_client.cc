// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <algorithm>
#include <new>
#include <utility>

#include "net/http_transfer.h"
#include "net/libcurl.h"

namespace qtap::net {
namespace {

// How long libcurl may sleep where it has nothing to wait for; it is woken by what comes.
constexpr int kPollMs = 1000;

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::make(const ClientOptions& options) {
  QTAP_TRY(const Libcurl* const curl, load_libcurl());
  std::unique_ptr<HttpClient> client(new HttpClient(*curl, options));
  if (client->multi_ == nullptr) return Error{QTAP_ERR_NOMEM, "make an HTTP client: no memory"};
  return client;
}

HttpClient::HttpClient(const Libcurl& curl, const ClientOptions& options)
    : curl_(curl), options_(options), multi_(curl.multi_init()) {
  if (multi_ == nullptr) return;
  const auto most = static_cast<long>(options_.max_concurrent);
  curl_.multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
  curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, most);
}

void HttpClient::abandon() {
  for (const auto& transfer : running_) curl_.multi_remove_handle(multi_, transfer->handle());
  running_.clear();
}

HttpClient::~HttpClient() {
  abandon();
  idle_.clear();
  if (multi_ != nullptr) curl_.multi_cleanup(multi_);
}

Result<Reply> HttpClient::run(const Request& request) {
  return std::move(run(std::span(&request, 1)).front());
}

std::unique_ptr<Transfer> HttpClient::idle_transfer() {
  if (idle_.empty()) return std::make_unique<Transfer>(curl_);
  std::unique_ptr<Transfer> transfer = std::move(idle_.back());
  idle_.pop_back();
  return transfer;
}

std::vector<Result<Reply>> HttpClient::run(std::span<const Request> requests) {
  abandon();  // what an exception left
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
      if (curl_.multi_add_handle(multi_, transfer->handle()) != CURLM_OK) throw std::bad_alloc();
      ++counters_.requests;
      running_.push_back(std::move(transfer));
    }
    int left = 0;
    curl_.multi_perform(multi_, &left);
    take_ended(results);
    const bool can_begin = next < requests.size() && running_.size() < options_.max_concurrent;
    if (!running_.empty() && !can_begin) curl_.multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
  for (auto& transfer : running_) {
    results[transfer->index()] = transfer->error(QTAP_ERR_AGAIN, "cancelled");
    ++counters_.failed;
  }
  abandon();
  return results;
}

void HttpClient::take_ended(std::vector<Result<Reply>>& results) {
  int left = 0;
  while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto ended = std::find_if(running_.begin(), running_.end(), [&](const auto& transfer) {
      return transfer->handle() == handle;
    });
    long connections = 0;
    curl_.easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &connections);
    counters_.connections += static_cast<uint64_t>(connections);
    curl_.multi_remove_handle(multi_, handle);
    Result<Reply>& result = results[(*ended)->index()];
    result = (*ended)->end(code);
    if (!result.ok()) ++counters_.failed;
    idle_.push_back(std::move(*ended));
    running_.erase(ended);
  }
}

void HttpClient::cancel() {
  is_cancelled_ = true;
  curl_.multi_wakeup(multi_);
}

}  // namespace qtap::net
