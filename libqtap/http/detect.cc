// SPDX-License-Identifier: Apache-2.0
#include "http/detect.h"

#include <string_view>

#include "http/h2_boundary.h"
#include "http/h2_frames.h"
#include "http/start_line.h"

namespace qtap::http {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr std::string_view kConnect = "CONNECT ";  // up to here NATS begins alike

enum class Begins : uint8_t { kYes, kMay, kNo };

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

// Frames, where bytes may begin anywhere. Those in use begin with a zero: less than 64 KiB long.
Begins as_frames(Bytes bytes) {
  if (bytes.empty() || bytes[0] != 0) return Begins::kNo;
  switch (H2Boundary::prove(bytes)) {
    case H2Boundary::Proof::kYes:
      return Begins::kYes;
    case H2Boundary::Proof::kNeedMore:
      return Begins::kMay;
    default:
      return Begins::kNo;
  }
}

// A request line that is whole says so (RFC 9112, 3). Others begin alike: "GET key" of Redis,
// "CONNECT {" of NATS, where a target cannot begin with a brace (RFC 3986, 2).
bool is_no_request(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  const size_t method = line.find(' ');
  if (method + 1 < line.size() && line[method + 1] == '{') return true;
  return end != std::string_view::npos && line.find(" HTTP/") == std::string_view::npos;
}

}  // namespace

Speaks speaks(Bytes one, Bytes two, StreamStart begin) {
  bool may_become = false;
  for (const Bytes bytes : {one, two}) {
    const StartLine start = start_of(text_of(bytes));
    if (start == StartLine::kNeedMore || text_of(bytes) == kConnect) {
      may_become = true;
      continue;
    }
    const bool is_request = start == StartLine::kRequest && !is_no_request(text_of(bytes));
    if (is_request || start == StartLine::kResponse) return Speaks::kHttp1;
  }
  const Begins http2 = as_http2(one, two);
  if (http2 == Begins::kYes) return Speaks::kHttp2;
  may_become |= http2 == Begins::kMay;
  if (begin == StreamStart::kAnywhere) {
    for (const Bytes bytes : {one, two}) {
      const Begins frames = as_frames(bytes);
      if (frames == Begins::kYes) return Speaks::kHttp2Late;
      may_become |= frames == Begins::kMay;
    }
  }
  return may_become ? Speaks::kNeedMore : Speaks::kOther;
}

}  // namespace qtap::http
