// SPDX-License-Identifier: Apache-2.0
// All that credentials are looked for with: environment, files, clock, programs and HTTP, given by
// whoever asks, so that tests give recorded ones.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "s3/request.h"

namespace qtap::s3 {

struct FetchRequest {
  std::string method;
  std::string url;
  std::vector<Header> headers;
  std::string body;
  int64_t timeout_ns = 0;     // for the whole of it, from now
  bool may_use_proxy = true;  // false: of this machine or its network only
};

struct FetchResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
};

// One request, without redirects and without retries. An error is a response that did not come:
// QTAP_ERR_TIMEOUT when the time was over. May block for timeout_ns; called on the thread that asks
// for credentials.
using HttpFetch = std::function<Result<FetchResponse>(const FetchRequest&)>;

struct Surroundings {
  std::function<std::optional<std::string>(const char* name)> variable;  // set and not empty
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<int64_t()> now_s;  // since 1970 UTC
  std::function<uint32_t(uint32_t below)> random;
  std::function<void(int64_t ns)> wait;  // between two tries
  // Standard output of a program that ended with 0.
  std::function<Result<Secret>(std::span<const std::string> argv, int64_t timeout_ns)> run;
  HttpFetch fetch;
};

// Those of this process; `fetch` is the caller's.
Surroundings real_surroundings(HttpFetch fetch);

}  // namespace qtap::s3
