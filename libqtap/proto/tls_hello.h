// SPDX-License-Identifier: Apache-2.0
// In: the first bytes of a TLS connection as they cross the socket, one direction. Out: facts of
// its hello.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "model/connection.h"

namespace qtap::proto {

// Collects handshake bytes until the hello of this direction is whole; then reads it into TlsInfo.
// Bytes may be cut anywhere, also inside record and handshake headers. Memory is bounded by
// kMaxHello.
class TlsHelloReader {
 public:
  enum class State : uint8_t { kNeedMore, kClientHello, kServerHello, kNotTls };

  // A ClientHello with post-quantum key shares and many extensions is below 4 KiB; servers must
  // accept up to 2^24 but none in use sends more than this.
  static constexpr size_t kMaxHello = 32u << 10;

  // Returns the state after these bytes; once it is not kNeedMore, further bytes are ignored.
  State add(std::span<const uint8_t> bytes, TlsInfo& info);
  State state() const { return state_; }

 private:
  bool take_records();
  State parse_handshake(TlsInfo& info);

  State state_ = State::kNeedMore;
  std::string raw_;        // TLS records not yet taken apart
  std::string handshake_;  // their handshake payload
};

}  // namespace qtap::proto
