// SPDX-License-Identifier: Apache-2.0
// AMQP 0-9-1 (2.3.1: the protocol header, 4.2.3: frames) and AMQP 1.0 (2.2: version negotiation).
#include "proto/l7/l7.h"

namespace qtap::proto::l7 {
namespace {

constexpr size_t kHeaderLen = 8;

// 0-9-1, 0-10, 0-9, 0-8, then 1.0: plain, over TLS, over SASL.
constexpr std::string_view kHeaders[] = {
    {"AMQP\0\0\x09\x01", kHeaderLen},   {"AMQP\x01\x01\0\x0a", kHeaderLen},
    {"AMQP\x01\x01\0\x09", kHeaderLen}, {"AMQP\x01\x01\x08\0", kHeaderLen},
    {"AMQP\0\x01\0\0", kHeaderLen},     {"AMQP\x02\x01\0\0", kHeaderLen},
    {"AMQP\x03\x01\0\0", kHeaderLen},
};

Verdict is_header(std::string_view bytes) {
  Verdict best = Verdict::kNo;
  for (const std::string_view header : kHeaders) best = std::max(best, begins_with(bytes, header));
  return best;
}

// A method frame on channel 0 that says Connection.Start: type, channel, size, class, method.
Verdict is_start(std::string_view bytes) {
  constexpr std::string_view kFrame("\x01\0\0", 3);
  constexpr std::string_view kStart("\0\x0a\0\x0a", 4);
  const Verdict frame = begins_with(bytes, kFrame);
  if (frame != Verdict::kYes || bytes.size() <= 7)
    return frame == Verdict::kNo ? frame : Verdict::kNeedMore;
  return begins_with(bytes.substr(7), kStart);
}

}  // namespace

Verdict amqp_client(std::string_view client) {
  return is_header(client);
}

// A server that speaks another version answers with a header.
Verdict amqp_server(std::string_view server, std::string_view /*client*/) {
  return std::max(is_start(server), is_header(server));
}

}  // namespace qtap::proto::l7
