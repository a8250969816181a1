// SPDX-License-Identifier: Apache-2.0
// In: the first plain-text bytes of a connection. Out: what it speaks, and who reads that.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "http/detect.h"
#include "http/parser.h"
#include "model/connection.h"

namespace qtap::proto {

using http::Parser;
using http::ParserLimits;
using http::StreamStart;

struct DnsMessage;

class ParserEvents : public http::ParserEvents {
 public:
  // DNS said which addresses a name has; it was asked for on this connection.
  virtual void on_dns_answer(const DnsMessage& /*answer*/) {}
};

// kHttp2: its preface was seen. kHttp2Late: frames of a connection that began before. kNamed: one
// of the protocols that are told by their word alone, or DNS.
enum class Detection : uint8_t { kNeedMore, kHttp1, kHttp2, kHttp2Late, kNamed, kUnknown };

struct Detected {
  Detection what = Detection::kUnknown;
  L7Protocol protocol = L7Protocol::kOther;  // kNamed
};

Detection as_detection(http::Speaks found);

// What a connection speaks, from the first bytes of each direction (either may be empty). Proof,
// not a guess. Of one that was joined late (kAnywhere) no HTTP: http::LateStart finds that.
Detected detect(std::span<const uint8_t> sent, std::span<const uint8_t> received,
                StreamStart start);

// The same of one datagram, of which the end may be missing: kDns, kHttp3 (QUIC), or kOther.
L7Protocol detect_datagram(std::span<const uint8_t> bytes);

// Whether bytes come as a stream, or each call of data() is one message.
enum class DnsFraming : uint8_t { kStream, kDatagram };
std::unique_ptr<Parser> make_dns_parser(DnsFraming framing, ParserEvents& events);

}  // namespace qtap::proto
