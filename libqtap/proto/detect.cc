// SPDX-License-Identifier: Apache-2.0
#include "http/detect.h"

#include <algorithm>
#include <string_view>

#include "proto/dns.h"
#include "proto/l7/l7.h"
#include "proto/parser.h"
#include "proto/quic.h"

namespace qtap::proto {
namespace {

using Bytes = std::span<const uint8_t>;

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The header of a TLS record: the socket's class is not known before it is whole.
bool may_be_tls(std::string_view bytes) {
  constexpr std::string_view kHandshake = "\x16\x03";  // RFC 8446, 5.1
  return !bytes.empty() && bytes.size() < 5 &&
         bytes.substr(0, 2) == kHandshake.substr(0, std::min<size_t>(bytes.size(), 2));
}

}  // namespace

Detection as_detection(http::Speaks found) {
  switch (found) {
    case http::Speaks::kHttp1:
      return Detection::kHttp1;
    case http::Speaks::kHttp2:
      return Detection::kHttp2;
    case http::Speaks::kHttp2Late:
      return Detection::kHttp2Late;
    case http::Speaks::kNeedMore:
      return Detection::kNeedMore;
    case http::Speaks::kOther:
      break;
  }
  return Detection::kUnknown;
}

Detected detect(Bytes sent, Bytes received, StreamStart begin) {
  const auto from = begin == StreamStart::kAnywhere ? l7::From::kAnywhere : l7::From::kFirstByte;
  const l7::Recognised other = l7::recognise(text_of(sent), text_of(received), from);
  if (other.verdict == l7::Verdict::kYes) return {Detection::kNamed, other.protocol};
  auto found = http::Speaks::kOther;
  if (begin == StreamStart::kFirstByte) found = http::speaks(sent, received);
  if (found != http::Speaks::kOther) return {as_detection(found)};
  const bool may_become = other.verdict == l7::Verdict::kNeedMore || may_be_tls(text_of(sent)) ||
                          may_be_tls(text_of(received));
  return {may_become ? Detection::kNeedMore : Detection::kUnknown};
}

L7Protocol detect_datagram(Bytes bytes) {
  if (is_quic_initial(text_of(bytes))) return L7Protocol::kHttp3;
  return read_dns(text_of(bytes)) ? L7Protocol::kDns : L7Protocol::kOther;
}

}  // namespace qtap::proto
