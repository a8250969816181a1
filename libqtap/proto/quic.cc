// SPDX-License-Identifier: Apache-2.0
#include "proto/quic.h"

#include <cstddef>
#include <cstdint>

#include "proto/byte_reader.h"

namespace qtap::proto {
namespace {

constexpr size_t kMinDatagram = 1200;  // that carries an Initial packet (RFC 9000, 14.1)
constexpr uint32_t kVersion1 = 0x00000001;
constexpr uint32_t kVersion2 = 0x6b3343cf;  // RFC 9369, 3.1
constexpr uint32_t kDraft = 0xff000000;     // 29 to 34 were deployed
constexpr uint32_t kLongForm = 0x80;  // RFC 9000, 17.2; the bit behind it may be greased (RFC 9287)
constexpr uint32_t kMaxConnectionId = 20;  // RFC 9000, 17.2
constexpr uint32_t kMinRest = 4 + 16;      // packet number and tag: what header protection needs

// A variable-length integer (RFC 9000, 16).
uint64_t varint(ByteReader& r) {
  const uint32_t first = r.number(1);
  uint64_t value = first & 0x3f;
  for (size_t more = (size_t{1} << (first >> 6)) - 1; more > 0; --more) {
    value = value << 8 | r.number(1);
  }
  return value;
}

// The type of an Initial packet differs (RFC 9369, 3.2).
bool is_initial(uint32_t first, uint32_t version) {
  if ((first & kLongForm) == 0) return false;
  const uint32_t type = first >> 4 & 3;
  if (version == kVersion2) return type == 1;
  const bool is_draft =
      (version & 0xffffff00) == kDraft && (version & 0xff) >= 27 && (version & 0xff) <= 34;
  return type == 0 && (version == kVersion1 || is_draft);
}

}  // namespace

bool is_quic_initial(std::string_view datagram) {
  if (datagram.size() < kMinDatagram) return false;
  ByteReader r(datagram);
  const uint32_t first = r.number(1);
  if (!is_initial(first, r.number(4))) return false;
  const uint32_t to_len = r.number(1);
  if (to_len > kMaxConnectionId) return false;
  r.take(to_len);
  const uint32_t from_len = r.number(1);
  if (from_len > kMaxConnectionId) return false;
  r.take(from_len);
  const uint64_t token_len = varint(r);
  if (token_len > datagram.size()) return false;
  r.take(static_cast<size_t>(token_len));
  const uint64_t len = varint(r);
  // The client's first one chooses at least 8 bytes for the server (RFC 9000, 7.2); the server may
  // choose none, and answers to what the client chose.
  return r.ok() && len >= kMinRest && len <= r.rest().size() && (to_len >= 8 || from_len > 0);
}

}  // namespace qtap::proto
