// SPDX-License-Identifier: Apache-2.0
// In: events. Out: the requests of an EventProtocol over HTTP; the events of one batch side by side
// where they need several. The Store in front of it batches, waits and tries again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"
#include "sink/event_protocol.h"
#include "sink/sink.h"

namespace qtap::sink {

struct RemoteOptions {
  std::chrono::milliseconds timeout{30'000};  // of one attempt
  net::ClientOptions client;
  // Never told, whoever repeats them: a service may quote what it was sent.
  std::vector<std::string> secrets;
  // Told of preparations that failed and do not keep events from being sent. On the thread that
  // makes them.
  std::function<void(const Error& what)> warn;
  // These are made at once, by a thread of their own, in place of before the first events.
  bool prepares_aside = false;
};

// QTAP_ERR_NOMEM, QTAP_ERR_UNSUPPORTED: there is no HTTP client.
Result<std::unique_ptr<Sink>> make_remote_events(std::string id,
                                                 std::unique_ptr<EventProtocol> protocol,
                                                 RemoteOptions options);

}  // namespace qtap::sink
