// SPDX-License-Identifier: Apache-2.0
#include "sink/send_parts.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace qtap::sink {
namespace {

constexpr int kAttempts = 2;

struct Open {
  size_t index;
  int attempts = 0;  // that got no answer
};

}  // namespace

Result<net::Reply> send_parts(net::HttpClient& client, const PartRequests& parts) {
  std::deque<Open> open;
  for (size_t i = 0; i < parts.count; ++i) open.push_back({i});
  Result<net::Reply> last = net::Reply();
  while (!open.empty()) {
    const size_t count = std::min(open.size(), parts.at_once);
    std::vector<Open> wave(open.begin(), open.begin() + static_cast<long>(count));
    open.erase(open.begin(), open.begin() + static_cast<long>(count));
    std::vector<net::Request> requests;
    for (const Open& one : wave) {
      QTAP_TRY(net::Request request, parts.make(one.index));
      requests.push_back(std::move(request));
    }
    std::vector<Result<net::Reply>> replies = client.run(requests);
    for (size_t i = 0; i < replies.size(); ++i) {
      Result<net::Reply>& reply = replies[i];
      if (!reply.ok() && ++wave[i].attempts < kAttempts) {
        open.push_back(wave[i]);
        continue;
      }
      if (!reply.ok() || (reply->status != 200 && reply->status != 201)) return std::move(reply);
      QTAP_CHECK(parts.took(wave[i].index, *reply));
      last = std::move(reply);
    }
  }
  return last;
}

}  // namespace qtap::sink
