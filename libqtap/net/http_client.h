// SPDX-License-Identifier: Apache-2.0
// In: requests. Out: replies, or why there is none. Everything that the library sends over HTTP
// goes through here. libcurl does the work: connections are kept and used again, HTTP/2 where the
// server offers it over TLS, proxies of the environment. Redirects are not followed: what is signed
// or secret is for the server that was named. One thread at a time, but for cancel() and
// counters(). None of it is captured: probes leave out this process, and OwnSockets says whose
// peers we are.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace qtap::net {

class Transfer;
struct Libcurl;

struct ClientOptions {
  std::string ca_file;          // "" = the system's
  bool verifies_peer = true;    // false: any certificate is taken
  uint32_t max_concurrent = 8;  // requests at once, and connections that are kept
  std::string user_agent = "libqtap";
};

// Read from any thread.
struct ClientCounters {
  std::atomic<uint64_t> requests{0};     // begun
  std::atomic<uint64_t> connections{0};  // made; those above that went over a kept one made none
  std::atomic<uint64_t> failed{0};       // without a reply
};

class HttpClient {
 public:
  // QTAP_ERR_UNSUPPORTED: there is no libcurl that can be used. QTAP_ERR_NOMEM.
  static Result<std::unique_ptr<HttpClient>> make(const ClientOptions& options);
  ~HttpClient();

  // Runs them side by side and returns when all have ended, each with its own outcome, in their
  // order. QTAP_ERR_AGAIN: no reply came (connection refused or broken, no such host, TLS,
  // cancelled). QTAP_ERR_TIMEOUT: none came in time. QTAP_ERR_INVALID: that request cannot be sent
  // (its URL).
  std::vector<Result<Reply>> run(std::span<const Request> requests);
  Result<Reply> run(const Request& request);

  // Any thread. Ends what runs, and everything that is begun later at once.
  void cancel();

  const ClientCounters& counters() const { return counters_; }

 private:
  HttpClient(const Libcurl& curl, const ClientOptions& options);
  void take_ended(std::vector<Result<Reply>>& results);
  void abandon();
  std::unique_ptr<Transfer> idle_transfer();

  const Libcurl& curl_;
  const ClientOptions options_;
  ClientCounters counters_;
  void* multi_ = nullptr;  // CURLM
  std::vector<std::unique_ptr<Transfer>> running_;
  std::vector<std::unique_ptr<Transfer>> idle_;  // to be used again
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace qtap::net
