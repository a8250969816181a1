// SPDX-License-Identifier: Apache-2.0
#include "http/detect.h"

#include <string_view>

#include "http/h2_frames.h"
#include "http/start_line.h"

namespace qtap::http {
namespace {

using Bytes = std::span<const uint8_t>;

enum class Begins : uint8_t { kYes, kMay, kNo };

constexpr size_t kMaxRequestLine = 8000;  // what anybody must take (RFC 9112, 3)

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// RFC 9113, 3.4.
Begins with_preface(Bytes bytes) {
  const std::string_view preface(kH2Preface, kH2PrefaceBytes);
  const std::string_view first = text_of(bytes).substr(0, preface.size());
  if (!preface.starts_with(first)) return Begins::kNo;
  return first.size() == preface.size() ? Begins::kYes : Begins::kMay;
}

// The beginning of a connection that speaks HTTP/2 with prior knowledge.
Begins as_http2(Bytes sent, Bytes received) {
  const Begins one = with_preface(sent);
  const Begins two = with_preface(received);
  if (one == Begins::kYes || two == Begins::kYes) return Begins::kYes;
  // One that has sent nothing yet asks for more in any case: a server may speak first.
  const bool may_be =
      (one == Begins::kMay && !sent.empty()) || (two == Begins::kMay && !received.empty());
  return may_be ? Begins::kMay : Begins::kNo;
}

// A request line says so at its end (RFC 9112, 3). Others begin alike: "GET key" of Redis, "CONNECT
// {" of NATS, where a target cannot begin with a brace (RFC 3986, 2). One that is longer than
// anybody must take is taken at its word. Only what no later byte can
// change decides, so that it does not matter where the bytes were cut.
Begins as_request(std::string_view bytes) {
  const bool is_whole = bytes.size() >= kMaxRequestLine;
  bytes = bytes.substr(0, kMaxRequestLine);
  const size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  const size_t method = line.find(' ');
  if (method + 1 < line.size() && line[method + 1] == '{') return Begins::kNo;
  if (line.find(" HTTP/") != std::string_view::npos) return Begins::kYes;
  if (end != std::string_view::npos) return Begins::kNo;
  return is_whole ? Begins::kYes : Begins::kMay;
}

// With a method that is not registered the whole line must be there.
Begins as_unknown_request(std::string_view bytes) {
  const bool is_cut = bytes.size() > kMaxRequestLine;
  bytes = bytes.substr(0, kMaxRequestLine);
  const size_t space = bytes.find(' ');
  if (space == std::string_view::npos) {
    return !bytes.empty() && may_become_method(bytes) ? Begins::kMay : Begins::kNo;
  }
  if (!looks_like_method(bytes.substr(0, space))) return Begins::kNo;
  if (space + 1 < bytes.size() && bytes[space + 1] == '{') return Begins::kNo;
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return is_cut ? Begins::kNo : Begins::kMay;
  const bool is_request = find_start_line(bytes.substr(0, end), StartLine::kRequest) == 0;
  return is_request ? Begins::kYes : Begins::kNo;
}

Begins as_http1(std::string_view bytes) {
  switch (start_of(bytes)) {
    case StartLine::kNeedMore:
      return Begins::kMay;
    case StartLine::kRequest:
      return as_request(bytes);
    case StartLine::kResponse:
      return Begins::kYes;
    default:
      return as_unknown_request(bytes);
  }
}

}  // namespace

Speaks speaks(Bytes one, Bytes two) {
  bool may_become = false;
  for (const Bytes bytes : {one, two}) {
    const Begins http1 = as_http1(text_of(bytes));
    if (http1 == Begins::kYes) return Speaks::kHttp1;
    may_become |= http1 == Begins::kMay;
  }
  const Begins http2 = as_http2(one, two);
  if (http2 == Begins::kYes) return Speaks::kHttp2;
  may_become |= http2 == Begins::kMay;
  return may_become ? Speaks::kNeedMore : Speaks::kOther;
}

}  // namespace qtap::http
