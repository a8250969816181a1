// SPDX-License-Identifier: Apache-2.0
#include "model/connection.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <numeric>

namespace qtap {
namespace {

constexpr size_t kMappedPrefix = 12;  // ::ffff:0:0/96 (RFC 4291, 2.5.5.2)

struct Prefix {
  std::array<uint8_t, 4> bytes;
  int bits;
};

// RFC 1918 (private), RFC 1122 3.2.1.3 (loopback), RFC 3927 (link-local), RFC 6598 (carrier-grade
// NAT).
constexpr Prefix kInternalV4[] = {
    {{10, 0, 0, 0}, 8},  {{172, 16, 0, 0}, 12},  {{192, 168, 0, 0}, 16},
    {{127, 0, 0, 0}, 8}, {{169, 254, 0, 0}, 16}, {{100, 64, 0, 0}, 10},
};

bool in_prefix(const uint8_t* ip, const Prefix& prefix) {
  for (int bit = 0; bit < prefix.bits; bit += 8) {
    const int width = std::min(8, prefix.bits - bit);
    const auto mask = static_cast<uint8_t>(0xff << (8 - width));
    if ((ip[bit / 8] & mask) != prefix.bytes[static_cast<size_t>(bit / 8)]) return false;
  }
  return true;
}

bool is_ipv6_loopback(const Address& a) {
  return a.ip[15] == 1 &&
         std::all_of(a.ip.begin(), a.ip.begin() + 15, [](uint8_t b) { return b == 0; });
}

// An IPv6 socket that talks IPv4 (::ffff:a.b.c.d) talks IPv4.
bool is_ipv4(const Address& a) {
  if (a.family == AF_INET) return true;
  return a.family == AF_INET6 && a.ip[10] == 0xff && a.ip[11] == 0xff &&
         std::all_of(a.ip.begin(), a.ip.begin() + 10, [](uint8_t b) { return b == 0; });
}

}  // namespace

const char* flow_direction_name(FlowDirection direction) {
  switch (direction) {
    case FlowDirection::kIngress:
      return "ingress";
    case FlowDirection::kEgressInternal:
      return "egress-internal";
    case FlowDirection::kEgressExternal:
      return "egress-external";
    case FlowDirection::kEgress:
      return "egress";
    case FlowDirection::kUnknown:
      break;
  }
  return "";
}

uint64_t Ledger::lost_bytes() const {
  return std::accumulate(lost.begin(), lost.end(), uint64_t{0});
}

const char* bind_method_name(BindMethod method) {
  return method == BindMethod::kCiphertext ? "ciphertext" : "nested_call";
}

const char* tls_state_name(TlsState state) {
  switch (state) {
    case TlsState::kDecrypted:
      return "decrypted";
    case TlsState::kJoinedLate:
      return "joined_late";
    case TlsState::kNeverHit:
      return "never_hit";
    case TlsState::kNoSymbols:
      return "no_symbols";
    case TlsState::kNoLibrary:
      return "no_library";
    case TlsState::kNotProbed:
      return "not_probed";
    case TlsState::kNone:
      break;
  }
  return "";
}

const char* capture_level_name(CaptureLevel level) {
  constexpr const char* kNames[] = {"full", "headers", "summary", "count"};
  return kNames[static_cast<size_t>(level)];
}

const char* transport_name(Transport transport) {
  return transport == Transport::kUdp ? "udp" : "tcp";
}

const char* l7_protocol_name(L7Protocol protocol) {
  switch (protocol) {
    case L7Protocol::kHttp1:
      return "http1";
    case L7Protocol::kHttp2:
      return "http2";
    case L7Protocol::kHttp3:
      return "http3";
    case L7Protocol::kDns:
      return "dns";
    case L7Protocol::kRedis:
      return "redis";
    case L7Protocol::kMysql:
      return "mysql";
    case L7Protocol::kPostgresql:
      return "postgresql";
    case L7Protocol::kKafka:
      return "kafka";
    case L7Protocol::kMongodb:
      return "mongodb";
    case L7Protocol::kAmqp:
      return "amqp";
    case L7Protocol::kNats:
      return "nats";
    case L7Protocol::kSsh:
      return "ssh";
    case L7Protocol::kGrpc:
      return "grpc";
    case L7Protocol::kOther:
      break;
  }
  return "other";
}

// The suites that TLS 1.3 has (RFC 8446, B.4) and those of TLS 1.2 that are in common use (RFC
// 5289, RFC 7905).
std::string cipher_name(uint16_t cipher) {
  switch (cipher) {
    case 0:
      return "";
    case 0x1301:
      return "TLS_AES_128_GCM_SHA256";
    case 0x1302:
      return "TLS_AES_256_GCM_SHA384";
    case 0x1303:
      return "TLS_CHACHA20_POLY1305_SHA256";
    case 0xc02b:
      return "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    case 0xc02c:
      return "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    case 0xc02f:
      return "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    case 0xc030:
      return "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    case 0xcca8:
      return "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
    case 0xcca9:
      return "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    default:
      break;
  }
  char text[8];
  std::snprintf(text, sizeof text, "0x%04x", unsigned{cipher});
  return text;
}

std::string ip_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4(address)) {  // every event has one: inet_ntop prints with printf
    char* end = text;
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0) *end++ = '.';
      end = std::to_chars(end, std::end(text), address.ip[kMappedPrefix + i]).ptr;
    }
    return {text, end};
  }
  if (address.family == AF_INET6) {
    ::inet_ntop(AF_INET6, address.ip.data(), text, sizeof text);
  }
  return text;
}

bool is_loopback_ip(const Address& address) {
  if (is_ipv4(address)) return address.ip[kMappedPrefix] == 127;
  return address.family == AF_INET6 && is_ipv6_loopback(address);
}

bool is_internal_ip(const Address& address) {
  if (is_ipv4(address)) {
    return std::any_of(std::begin(kInternalV4), std::end(kInternalV4), [&](const Prefix& prefix) {
      return in_prefix(address.ip.data() + kMappedPrefix, prefix);
    });
  }
  if (address.family != AF_INET6) return false;
  const bool is_ula = (address.ip[0] & 0xfe) == 0xfc;  // RFC 4193, 3.1
  const bool is_link_local =
      address.ip[0] == 0xfe && (address.ip[1] & 0xc0) == 0x80;  // RFC 4291, 2.5.6
  return is_ula || is_link_local || is_ipv6_loopback(address);
}

}  // namespace qtap
