// SPDX-License-Identifier: Apache-2.0
// An HTTP request that we make ourselves, and what came back.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::net {

struct Request {
  std::string method = "GET";
  std::string url;                            // http or https
  std::vector<std::string> fields;            // "name: value"
  std::string_view body;                      // borrowed until the reply is there
  std::chrono::milliseconds timeout{30'000};  // for the whole exchange
  // Past the proxies that the environment names (http_proxy, https_proxy, all_proxy, no_proxy).
  bool direct = false;
  // HTTP/2 from the first byte where there is no TLS to agree on it (RFC 9113, 3.3); over TLS the
  // server chooses as ever.
  bool http2 = false;
};

struct Field {
  std::string name;  // lower case
  std::string value;
};

struct Reply {
  int status = 0;
  std::vector<Field> fields;  // with the trailers
  std::string body;           // its first kMaxReplyBytes
  bool is_truncated = false;  // it was longer
  // Retry-After (RFC 9110, 10.2.3), a date as well as seconds; none: not sent, or in the past.
  std::optional<std::chrono::seconds> retry_after;

  // The first one of that name, given in lower case; "" = there is none.
  std::string_view field(std::string_view name) const;
};

// What is read of an answer: stores say in a few lines what was wrong.
inline constexpr size_t kMaxReplyBytes = 1u << 20;

}  // namespace qtap::net
