// SPDX-License-Identifier: Apache-2.0
// What object storages over HTTP have in common: what an answer to a PUT means.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace qtap::sink {

// Whether what was answered so may be tried again: 408, 429, 5xx (spec/config.md 6.1).
bool may_pass(int status);

// 200 or 201: stored. QTAP_ERR_AGAIN: 408, 429, 5xx, or no answer. Anything else is final, in the
// words that spec/config.md 6.3 promises to scripts. Of the answer only its error code and message
// are told: others of its fields repeat what was signed.
Status upload_outcome(const Result<net::Reply>& reply);

// The longest that any of these answers asks to be left alone.
class AskedToWait {
 public:
  void begin() { longest_ = {}; }
  void add(const Result<net::Reply>& reply);
  void add(std::chrono::nanoseconds wait) { longest_ = std::max(longest_, wait); }
  std::chrono::nanoseconds longest() const { return longest_; }

 private:
  std::chrono::nanoseconds longest_{};
};

}  // namespace qtap::sink
