// SPDX-License-Identifier: Apache-2.0
// What large objects have in common, wherever they go in parts: a few requests at once, each made
// when its turn comes, since a signature is worth nothing a quarter of an hour later.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"
#include "net/http_client.h"

namespace qtap::sink {

struct PartRequests {
  size_t count;
  size_t at_once;  // at least 1
  std::function<Result<net::Request>(size_t index)> make;
  // Each good answer, 200 or 201; an Error ends the rest.
  std::function<Status(size_t index, const net::Reply& reply)> took;
};

// The first answer that is not good, or why there is none; else the last good one. A part that got
// no answer is sent once more: what went before it need not be sent again.
Result<net::Reply> send_parts(net::HttpClient& client, const PartRequests& parts);

}  // namespace qtap::sink
