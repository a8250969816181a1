// SPDX-License-Identifier: Apache-2.0
// What the answer of a service that takes events means, in words that can be shown.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace qtap::sink {

// 2xx: taken. QTAP_ERR_AGAIN: 408, 429, 5xx, or no answer. Anything else is final. `said`: what the
// service gave as its reason, "" = nothing.
Status send_outcome(const Result<net::Reply>& reply, std::string_view said);

// QTAP_ERR_IO: the service answered, and did not take the events, for good.
Error events_refused(std::string_view why);
// QTAP_ERR_AGAIN: perhaps later.
Error events_delayed(std::string_view why);

// The first line of `text`, printable and short.
std::string short_line(std::string_view text);

// "message" or "error" of a JSON document; "" = it is none, or has neither.
std::string json_message(std::string_view document);

}  // namespace qtap::sink
