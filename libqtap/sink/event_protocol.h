// SPDX-License-Identifier: Apache-2.0
// How a service wants its events. In: events. Out: requests, and what the answers mean. Knows no
// network: RemoteEvents sends. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "net/http.h"

namespace qtap::sink {

struct EventRequest {
  net::Request request;  // without its body and its timeout
  std::string body;
  std::vector<size_t> indices;  // of the events in it
};

// What became of the events of a request.
struct Verdict {
  Status status;       // of all of them, or
  size_t refused = 0;  // so many were refused, it does not say which: the others were taken
  std::string why;     // they were
  std::chrono::nanoseconds wait{};  // asked for in the body or in trailers, beside Retry-After
};

class EventProtocol {
 public:
  virtual ~EventProtocol() = default;

  // Sent one after the other before the first events. One that fails is sent again before the next
  // ones, which share its outcome, unless they do not depend on it: then each is sent once, perhaps
  // by another thread.
  virtual std::vector<net::Request> preparations() const { return {}; }
  virtual bool needs_preparations() const { return true; }

  // `outcomes`, one for each event, are told of those that cannot be sent.
  virtual std::vector<EventRequest> requests_for(std::span<const Ref<Event>> events,
                                                 std::vector<Status>& outcomes) = 0;

  // `count`: events in it; 0: it was a preparation.
  virtual Verdict judge(const Result<net::Reply>& reply, size_t count) = 0;
};

}  // namespace qtap::sink
